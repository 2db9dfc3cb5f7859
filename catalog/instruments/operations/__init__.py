"""The use cases of a legal instrument (法律文书), by stage.

lodging (提交) · verifying (核对、核实) · applying (执行), and casework, which every stage does.
"""
