"""Negotiations (交易磋商, QD-13, RULES §6.8): two sides come to an agreement, message by message.

States, messages and refusals are those of the Dataspace Protocol 2025-1, one to one. Each side
keeps a copy of its own; what one side says is kept before it is sent, and is sent until the other
side has answered. Here both sides may live in one house: then our own job carries the messages.
"""
