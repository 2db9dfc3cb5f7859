"""The use cases of an objection (异议, HN-20), one file per stage of the matter.

filing (提出) · holding (公示期满，异议未结) · forwarding (转送) · response (反馈) · determination (处理) · closing (办结), and
casework, which every stage does.
"""
