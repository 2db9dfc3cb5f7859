"""The use cases of identity (主体与身份), by what they are about.

founding (开市) · parties (主体) · accounts (账号) · roles (角色) · sessions (会话) · tokens (令牌).
Each is one command: permit, lock, decide, store, remember, return.
"""
