"""Write off what a buyer used and never paid (坏账核销): one person proposes, another decides.

The debt itself stands in no account: those who share are paid when it is paid. So writing it off is the
platform paying it out of its bad-debt account into the escrow of the order, from where it is shared as
the buyer's own money would be, and the order is settled. It is an expense of the platform, bounded, with a
coded ground and a document (国家税务总局公告2011年第25号 22–24).
"""
