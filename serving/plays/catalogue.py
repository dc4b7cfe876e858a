"""The plays there are, in the order in which they are tried: the first that fits is recommended.

The kinds of play are those that practitioners of customer success name: what usage, onboarding,
support, price and payment ask for differ, and a person is sent where the customer is large.
"""

from features.feature import Theme
from serving.plays.play import Channel, Play, Stage, Step, Tier, Touch, Trigger
from serving.schemas import Band

AT_RISK = (Band.MEDIUM, Band.HIGH, Band.CRITICAL)
URGENT = (Band.HIGH, Band.CRITICAL)
EITHER = (Touch.TECH, Touch.HIGH)
MAIL, CALL, MEETING = Channel.MAIL, Channel.CALL, Channel.MEETING
PRODUCT, INSIDE = Channel.PRODUCT, Channel.INSIDE


def _(message: str) -> str:
    """Marks a sentence for translation where it is shown."""
    return message


PLAYS: tuple[Play, ...] = (
    Play(
        name="win_back",
        title=_("Win back"),
        aim=_("Learn why they go, and leave the door open"),
        touches=EITHER,
        when=(Trigger(stages=(Stage.LEAVING,)),),
        steps=(
            Step(0, MAIL, _("Thank them, confirm the last day, ask for the one reason")),
            Step(3, CALL, _("Call whoever decided; offer to repair that reason if it can be")),
            Step(14, INSIDE, _("Write the reason down, with what it would take to return")),
            Step(60, MAIL, _("Tell what has changed since about their reason")),
        ),
    ),
    Play(
        name="dunning",
        title=_("Dunning"),
        aim=_("Get the payment through; they may not know that it failed"),
        touches=EITHER,
        when=(
            Trigger(stages=(Stage.UNPAID,)),
            Trigger(causes=("involuntary",), bands=AT_RISK),
            Trigger(themes=(Theme.BILLING,), bands=AT_RISK),
        ),
        steps=(
            Step(0, MAIL, _("Say that the payment failed, with a link to change the card")),
            Step(3, PRODUCT, _("Show it in the product to whoever may pay; try the card again")),
            Step(7, CALL, _("Call the billing contact; offer payment by invoice")),
            Step(14, MAIL, _("Say when access will pause, and how it comes back")),
        ),
    ),
    Play(
        name="onboarding_restart",
        title=_("Restart of onboarding"),
        aim=_("Reach the first value that was not reached at the start"),
        touches=(Touch.HIGH,),
        when=(
            Trigger(themes=(Theme.ONBOARDING,), bands=AT_RISK),
            Trigger(stages=(Stage.ONBOARDING,), bands=AT_RISK),
        ),
        steps=(
            Step(0, CALL, _("Ask what they wanted first, and agree on one result with a date")),
            Step(2, MEETING, _("Set it up together, in their own data")),
            Step(7, MAIL, _("Send what is left to do, one line for each person")),
            Step(21, CALL, _("Look at the result together; name the next one")),
        ),
    ),
    Play(
        name="onboarding_nudge",
        title=_("Onboarding by mail"),
        aim=_("Lead to the first value, one step at a time"),
        touches=(Touch.TECH,),
        when=(
            Trigger(themes=(Theme.ONBOARDING,), bands=AT_RISK),
            Trigger(stages=(Stage.ONBOARDING,), bands=AT_RISK),
        ),
        steps=(
            Step(0, MAIL, _("Send the one next step, with a guide of two minutes")),
            Step(3, PRODUCT, _("Offer the guided set-up when somebody signs in")),
            Step(10, MAIL, _("Invite to an open onboarding hour")),
            Step(17, CALL, _("Call once if the step is still not done")),
        ),
    ),
    Play(
        name="complaint_follow_up",
        title=_("Follow-up of complaints"),
        aim=_("Solve what they complain about, and show that it was heard"),
        touches=EITHER,
        when=(Trigger(themes=(Theme.SUPPORT, Theme.SENTIMENT), bands=AT_RISK),),
        steps=(
            Step(0, INSIDE, _("Give all their open tickets to one person, with a date each")),
            Step(1, CALL, _("Call: say who owns it and until when; ask what else is wrong")),
            Step(7, MAIL, _("Tell what was repaired")),
            Step(30, MAIL, _("Ask again how satisfied they are")),
        ),
    ),
    Play(
        name="executive_sponsor",
        title=_("Executive sponsor"),
        aim=_("Win back the attention of whoever decides on the renewal"),
        touches=(Touch.HIGH,),
        when=(
            Trigger(tiers=(Tier.LARGE,), bands=URGENT),
            Trigger(tiers=(Tier.LARGE,), stages=(Stage.RENEWAL,), bands=AT_RISK),
        ),
        steps=(
            Step(0, INSIDE, _("Brief one of our leaders: their goals, value used, risks")),
            Step(2, MAIL, _("The leader writes to theirs and asks for half an hour")),
            Step(10, MEETING, _("Review the value reached; agree on two goals with dates")),
            Step(30, CALL, _("Report on both goals")),
        ),
    ),
    Play(
        name="price_review",
        title=_("Price review"),
        aim=_("Make what they pay fit what they use, before they ask"),
        touches=EITHER,
        when=(Trigger(themes=(Theme.CONTRACT,), bands=AT_RISK),),
        steps=(
            Step(0, INSIDE, _("Compare seats and plan with what is used")),
            Step(3, CALL, _("Show it; offer the plan that fits, a longer term before a discount")),
            Step(14, MAIL, _("Send the offer in writing, with a date until it holds")),
        ),
    ),
    Play(
        name="training_session",
        title=_("Training session"),
        aim=_("Bring people back into the product, on what they do not use yet"),
        touches=(Touch.HIGH,),
        when=(Trigger(themes=(Theme.USAGE,), bands=AT_RISK),),
        steps=(
            Step(0, CALL, _("Ask what stopped: people gone, another tool, a task done")),
            Step(5, MEETING, _("Train the people who stopped, on their own work")),
            Step(21, INSIDE, _("Look at use again; if it still falls, ask for a sponsor")),
        ),
    ),
    Play(
        name="training_invitation",
        title=_("Training invitation"),
        aim=_("Bring people back into the product, on what they do not use yet"),
        touches=(Touch.TECH,),
        when=(Trigger(themes=(Theme.USAGE,), bands=AT_RISK),),
        steps=(
            Step(0, MAIL, _("Invite to two short lessons on what they do not use")),
            Step(7, MAIL, _("Show what others of their kind do with it; offer a live lesson")),
            Step(21, CALL, _("Call once if use still falls")),
        ),
    ),
    Play(
        name="check_in_call",
        title=_("Check-in call"),
        aim=_("Hear what the data does not say"),
        touches=(Touch.HIGH,),
        when=(Trigger(bands=URGENT),),
        steps=(
            Step(0, CALL, _("Ask how it goes, what they would miss, who decides")),
            Step(14, MAIL, _("Send what was agreed, and who does it")),
        ),
    ),
    Play(
        name="check_in_mail",
        title=_("Check-in by mail"),
        aim=_("Hear what the data does not say"),
        touches=(Touch.TECH,),
        when=(Trigger(bands=URGENT),),
        steps=(
            Step(0, MAIL, _("Ask one question: what would make it worth more to them")),
            Step(10, CALL, _("Call whoever answered, and the largest who did not")),
        ),
    ),
)
BY_NAME = {play.name: play for play in PLAYS}
