"""The use cases of escrows (资金托管), by what becomes of the money: it comes, is frozen, leaves, goes back.

Each holds the row of its order, so that of many at once one acts and the others see what it did.
Whether the order as such may do it is asked by the room that calls; only releasing has a
permission of its own, because money leaves for good.
"""
