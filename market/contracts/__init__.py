"""Contracts (合同): what two parties agree on, in words for people and in terms for programs.

The terms are a policy of ODRL in the profile of the Dataspace Protocol 2025-1. Whatever a policy
says has an evaluator here, or the policy is refused: nothing is agreed that nobody would enforce.
The price is a duty to compensate, and it is the price that was filed.
"""
