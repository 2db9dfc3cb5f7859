"""Hold the contracts with third-party agencies (第三方确权登记服务机构, HN-05, HN-23, HN-24).

Only who won a public comparison (公开比选) is contracted, for two years. An agency reviews
真实性、安全性、合规性 and answers for its opinion itself. It gets cases only while its contract is active; misconduct of HN-27 suspends it.
"""
