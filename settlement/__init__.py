"""Keep the money: double-entry ledger, escrow, revenue split, payments (结算).

Settlement never asks who owns what. An order hands the frozen split down as a value, so this
package imports from ``catalog`` only its ground floor.
"""
