from .activity import Activity, ActivityKind, LeadActivity
from .batch import Batch
from .cadence import Cadence, CadenceStep, Enrolment, EnrolmentState, StepKind, StepTaken
from .campaign import Campaign, CampaignCost
from .capture import Capture, LeadForm
from .consent import Basis, Channel, Consent, ConsentProof, Purpose
from .distance import DistanceRules
from .handover import HandBackReason, HandOver, HandOverRules, Share, Territory
from .lead import ENDED_STAGES, OPEN_STAGES, Lead, LeadStage
from .likeness import Likeness, Sign
from .mail import Mail, MailState, MailTemplate
from .merge import Merge, MergeKind
from .norm import LeadStageNorm
from .organisation import Organisation
from .person import Person
from .qualification import Answer, Asks, Criterion, Said
from .recycling import Recycling
from .reply import Attachment, MailboxPlace, Reply, Undeliverable
from .score import ChanceNorm, LeadChance, ScoreDay, ScoreFact, ScoreRule
from .segment import Mailing, MailingLine, Segment, SegmentEntry, WhyNot
from .source import DisqualifyReason, Source
from .touch import Touch, TouchKind
from .transition import LeadAmendment, LeadChange, LeadEvent

__all__ = [
    "ENDED_STAGES",
    "OPEN_STAGES",
    "Activity",
    "ActivityKind",
    "Answer",
    "Asks",
    "Attachment",
    "Basis",
    "Batch",
    "Cadence",
    "CadenceStep",
    "Campaign",
    "CampaignCost",
    "Capture",
    "ChanceNorm",
    "Channel",
    "Consent",
    "ConsentProof",
    "Criterion",
    "DisqualifyReason",
    "DistanceRules",
    "Enrolment",
    "EnrolmentState",
    "HandBackReason",
    "HandOver",
    "HandOverRules",
    "Lead",
    "LeadActivity",
    "LeadAmendment",
    "LeadChance",
    "LeadChange",
    "LeadEvent",
    "LeadForm",
    "LeadStage",
    "LeadStageNorm",
    "Likeness",
    "Mail",
    "MailState",
    "MailTemplate",
    "MailboxPlace",
    "Mailing",
    "MailingLine",
    "Merge",
    "MergeKind",
    "Organisation",
    "Person",
    "Purpose",
    "Recycling",
    "Reply",
    "Said",
    "ScoreDay",
    "ScoreFact",
    "ScoreRule",
    "Segment",
    "SegmentEntry",
    "Share",
    "Sign",
    "Source",
    "StepKind",
    "StepTaken",
    "Territory",
    "Touch",
    "TouchKind",
    "Undeliverable",
    "WhyNot",
]
