"""Hold the delegation by which the bureau lets an operator run the register (授权, HN-05).

The provincial bureau 统筹 the registration and authorises the 数据产品超市运营者. Whatever the
operator decides needs a delegation in force on that day; without one it is refused as
``operator_not_delegated``.
"""
