"""Hear an objection (异议) by an interested party (利害关系者), during the notice or at any time after.

The operator tells the registrant within three days, who answers within seven from receipt; the
operator then determines the matter, and what both accept is carried out and archived. What they
can not settle goes to court or arbitration, and the operator follows the instrument.

Source: HN-20; the life is RULES §5.3.
"""
