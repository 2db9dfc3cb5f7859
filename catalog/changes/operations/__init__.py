"""The use cases of a change registration (变更登记), one file per stage of the business.

drafting (起草) · filing (提交、补正、撤回) · acceptance (受理) · review (审查) · issuance (授权、换发) · closing (终止) ·
reading (查阅), and casework, which all of them do.
"""
