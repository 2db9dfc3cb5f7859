"""Take a data product through its rights registration (确权登记), HN-06 to HN-16.

An applicant hands in an application with its materials; the operator accepts it or lists once and
for all what is to be corrected (受理, 一次性告知); the operator's reviewer and an independent agency
review it (技术审查, 合规性审查); it stands in the public notice (公示); the bureau authorises the
issue. What ends it well, the certificate, is the next room's.

Source: 海南省数据产品超市数据产品确权登记实施细则（暂行）; the table is RULES §5.1.
"""
