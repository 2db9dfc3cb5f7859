"""Do what is done about incidents (事件处置), split along the business: found, dealt with, told.

The shared first and last steps stand in ``casework``.
"""
