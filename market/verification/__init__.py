"""Examine a file that anybody may have made, and say what it is worth (上传核验)."""
