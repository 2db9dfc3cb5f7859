"""Speak to payment channels (支付渠道): one file per channel, behind ``settlement.payments.channel``.

The built-in sandbox channel moves no real money. It is wired only when the settings ask for it.
"""
