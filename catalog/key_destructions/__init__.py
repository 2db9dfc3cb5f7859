"""Destroy the private half of a key in two steps (密钥销毁): one proposes it, another one confirms it.

Neither has to be where the other is, nor at the machine's terminal. Both stand in the log with what they did,
and nothing is destroyed before the second.
"""
