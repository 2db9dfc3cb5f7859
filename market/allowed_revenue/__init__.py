"""Maximum allowed revenue (最高准许收入, 发改价格〔2025〕65号): what an operator of public data may take in a period.

The authority lays it down from cost, rate and tax; what orders at guided prices brought in is held
against it while they are settled. What was taken too much is deducted from the next period, and where
actual cost or volume is not what was expected, somebody has to adjust: the operator its fees, or the
authority the ceilings.
"""
