"""The use cases of a registration (确权登记), one file per stage of the business.

drafting (申请) · submission (提交) · acceptance (受理) · review and opinions (审查) · notice (公示) ·
objections (异议: hold and release) · authorisation (授权发证) · closing (办结) · reading (查阅).
"""
