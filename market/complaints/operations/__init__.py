"""The use cases of a complaint, by stage.

filing (提交) · triage (受理) · investigating (调查、临时措施) · deciding (处理、复核) ·
arbitration (仲裁) · closing (办结) · disputes (订单争议), and casework, which every stage does.
"""
