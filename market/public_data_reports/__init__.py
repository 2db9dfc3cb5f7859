"""Report once a year what public data cost and brought in (公共数据授权运营成本与收入年度报告).

Revenue comes from the book of public data, cost and allowance from what was decided and reported
(发改价格〔2025〕65号). A report is drawn up of a year whose months are all closed, signed, sealed in the
log, published in its public part and told to the regulator; a correction is another version.
"""
