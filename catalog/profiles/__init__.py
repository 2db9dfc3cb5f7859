"""Know what lies in the bytes of a product (数据画像): columns, types, gaps, what is personal in it.

A profile is made once for each content, by its digest, in a process apart. From it come the draft of a
data dictionary, what contradicts a declared one, the masked sample, and the quality score on the four
dimensions of BJ-24.
"""
