"""The use cases of a certificate (数据产权登记证书), by what happens to it.

issuance (发证) · changes (冻结、撤销、注销) · objections (异议), and casework, which all changes do.
Only issuance signs.
"""
