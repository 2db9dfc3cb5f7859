"""The use cases of supervision (监管).

generation (生成) and submission (报送) of the quarterly reports (季度报备) · tracing (穿透式监管), and
casework, which every command on a report does. Only submission signs.
"""
