"""Remember which key of the service was loaded, and how often it signed (密钥使用留痕).

Documents come too fast for an entry each (every metered answer has a signed receipt), so that each
process counts its signatures and says so once a minute, key by key. What a process signed after its
last word, and did not live to tell, is said to be unknown.
"""
