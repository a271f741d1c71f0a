"""Who works at the demo company and whom it sells to. Every name is invented."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

COMPANY = "Lumen Field Energy"
DOMAIN = "lumenfield.example"
NORTH, SOUTH = "Sales North", "Sales South"


class Colleague(NamedTuple):
    name: str
    role: str
    teams: tuple[str, ...]

    @property
    def email(self) -> str:
        return f"{self.name.split()[0].lower()}@{DOMAIN}"


COLLEAGUES = (
    Colleague("Ada Lindqvist", "admin", (NORTH, SOUTH)),
    Colleague("Hugo Marchetti", "manager", (NORTH, SOUTH)),
    Colleague("Mina Castellan", "marketer", (NORTH, SOUTH)),
    Colleague("Noor Haddani", "marketer", (NORTH, SOUTH)),
    Colleague("Ana Brennwald", "rep", (NORTH,)),
    Colleague("Jonas Okonjo", "rep", (NORTH,)),
    Colleague("Lea Fontanel", "rep", (NORTH,)),
    Colleague("Ines Vogelsang", "rep", (SOUTH,)),
    Colleague("Pavel Novotny", "rep", (SOUTH,)),
    Colleague("Tomas Ferreiro", "rep", (SOUTH,)),
)


def _words(text: str) -> list[str]:
    return text.split()


BEGINNINGS = _words(
    "Arven Bris Calder Dorn Elm Fenn Gar Hall Iver Jas Kestrel Lin Mor Nor Ostra Pell Quill Rau Stav Tes"
)
ENDINGS = _words("dal dran feld holt mar mere stad vale worth bek wyn lund")
TRADES = {
    "Logistics": ("Logistics", "Freight", "Warehousing"),
    "Food": ("Bakeries", "Dairy", "Foods", "Brewery"),
    "Manufacturing": ("Mechanics", "Castings", "Tools", "Plastics", "Paper"),
    "Retail": ("Markets", "Home Stores", "Garden Centres"),
    "Hospitality": ("Hotels", "Resorts"),
    "Health": ("Clinics", "Care Homes", "Laboratories"),
    "Public sector": ("Municipal Works", "School District"),
    "Property": ("Estates", "Housing"),
}
FIRST = _words(
    """
    Alma Anton Bea Benedikt Carla Cem Dana David Edda Emil Fatma Felix Greta Henrik Ida Ilias Jana Jakob Karin
    Kofi Lena Levin Maja Milan Nadia Niklas Olga Oskar Petra Pius Rana Ruben Sara Selim Thea Tilo Uma Valentin
    Wanda Yusuf
    """
)
LAST = _words(
    """
    Albers Bergold Celik Dahlke Engstrom Feldkamp Grunau Hollmann Ivers Jansky Kirchhof Lorenz Mandel Nyland Okter
    Petrov Quandt Ritter Sandoval Thiele Ulrich Vance Wieland Yildirim Zanetti Aurich Bohmer Castro Denizli
    Eriksen
    """
)
ROLES = ("Energy manager", "Head of operations", "Facility manager", "CFO", "Buyer", "Plant manager", "Owner")
COUNTRIES = ("Germany",) * 11 + ("Austria",) * 4 + ("Switzerland",) * 3 + ("Netherlands", "Denmark")

PRODUCTS = {
    "Pilot package": 4_900,
    "Sensor kit": 480,
    "Gateway": 1_250,
    "Analytics licence, one year": 3_600,
    "Load control": 8_400,
    "Installation": 1_900,
    "Service contract, one year": 2_400,
}
SOURCES = {
    "Website": 30,
    "Webinar": 16,
    "Trade fair": 14,
    "Newsletter": 10,
    "Referral": 12,
    "Partner": 8,
    "Outbound": 10,
}
CAMPAIGNS = {
    "Trade fair": ("Spring fair", "Autumn fair"),
    "Webinar": ("Peak load webinar", "Audit duty webinar"),
    "Newsletter": ("Monthly letter",),
}
# Campaigns: a fair's source, first and last month, and its price; what runs for ever costs something each month.
FAIRS = {"Spring fair": ("Trade fair", 1, 6, 21_000), "Autumn fair": ("Trade fair", 7, 12, 17_500)}
EVERY_MONTH = {
    "Peak load webinar": ("Webinar", 650, "Platform and speaker"),
    "Audit duty webinar": ("Webinar", 650, "Platform and speaker"),
    "Monthly letter": ("Newsletter", 280, "Texts"),
    "Search adverts": ("Website", 1_400, "Clicks"),
}
# Of a source: the form's name, its heading, and the pages it stands on.
FORMS = {
    "Website": ("Contact", "Talk to us about your energy", ("/contact", "/prices", "/load-control")),
    "Webinar": ("Webinar seat", "Reserve your seat", ("/webinars",)),
    "Newsletter": ("Monthly letter", "Read how others save", ("/letter",)),
}
READ = ("/prices", "/cases/bakery", "/cases/clinic", "/load-control", "/payback")
ANSWERS = (
    "Thank you, that is interesting. What would it cost for two sites?",
    "Good timing: we read our meters next week. Could you call me on Thursday?",
    "Please send me the figures of the bakery, I would like to show them to our plant manager.",
    "Not now, our budget is planned until summer. Ask again then.",
    "Does it work with the meters of our own grid?",
)
MAILS = {
    "Welcome": (
        "What {{company|others like you}} could save at peak load",
        "Dear {{first_name|reader}},\n\nthank you for your interest. Two numbers tell most of what can be saved: your "
        f"highest quarter of an hour, and the one after it. How we measure them: https://www.{DOMAIN}/payback\n\n"
        "Shall I look at yours?\n\n{{my_name}}\n{{our_company}}",
    ),
    "A case like yours": (
        "How a plant like {{company|yours}} paid for it in 19 months",
        "Dear {{first_name|reader}},\n\na bakery with three ovens cut its peak by a quarter. The figures, by hall: "
        f"https://www.{DOMAIN}/cases/bakery\n\n{{{{my_name}}}}\n{{{{our_company}}}}",
    ),
    "Asking again": (
        "Has anything changed at {{company|your site}}?",
        "Dear {{first_name|reader}},\n\nwhen we last spoke the time was not right. New meters read themselves now, and "
        f"the first site costs less: https://www.{DOMAIN}/prices\n\nIs it worth another look?\n\n"
        "{{my_name}}\n{{our_company}}",
    ),
    "Payback calculator": (
        "Your payback in five minutes",
        f"Dear {{{{first_name|reader}}}},\n\nfive numbers are enough: https://www.{DOMAIN}/payback\n\n"
        "{{my_name}}\n{{our_company}}",
    ),
}
# Days after the step before, and a mail of that name or else a call.
CADENCES = {
    "first": ("Introduction", ((0, "Welcome"), (7, "A case like yours"), (5, "Ask about budget and timing"))),
    "again": ("Second look", ((1, "Asking again"), (6, "Call again"), (10, "Payback calculator"))),
}
DISQUALIFY_REASONS = ("No need", "Too small", "Student or competitor", "Wrong contact data", "Outside our region")
HAND_BACK_REASONS = ("Budget not confirmed", "Nobody to decide", "Not reached", "Too early")
LOST_REASONS = {
    "Price": 150,
    "No budget this year": 180,
    "Competitor": 270,
    "No decision": 90,
    "No answer any more": 60,
    "Technical fit": 365,
}
COMPETITORS = ("Voltaris", "GridPilot", "Enersight", "In-house solution")
CONCERNS = (
    "Works council wants to know what is measured.",
    "Unsure whether the old meters can be read.",
    "Needs a payback below two years.",
    "IT asks where the data are kept.",
    "Wants one site first, the others later.",
)
NOTES = (
    "Sent the reference of a similar site.",
    "They compare three offers until the end of the month.",
    "Asked for the payback calculation per hall.",
    "Prefers to talk on Thursdays.",
    "Budget round is in autumn.",
    "The plant manager is convinced, the CFO is not yet.",
    "Wants to see the dashboard with their own data.",
)
DONE_BY_MARKETING = {
    "call": ("First call", "Call after the webinar", "Asked about budget and timing"),
    "email": ("Sent the brochure", "Invited to the webinar", "Sent a case study"),
    "meeting": ("Talked at the fair", "Video call about their needs"),
}
DONE_BY_SALES = {
    "call": ("Introductory call", "Questions on the offer", "Call about the meters"),
    "email": ("Sent the offer", "Sent references", "Confirmed the appointment"),
    "meeting": ("Site visit", "Demonstration", "Meeting with the CFO", "Workshop on load peaks"),
}
NEXT = {
    "generation": (("call", "First call"), ("email", "Send the brochure"), ("task", "Find the right person")),
    "nurturing": (
        ("email", "Invite to the webinar"),
        ("email", "Send a case study"),
        ("call", "Call after the webinar"),
    ),
    "qualification": (("call", "Ask about budget and timing"), ("meeting", "Talk about their needs")),
    "ready": (("task", "Agree on the hand-over"), ("call", "Introduce the sales colleague")),
    "Inquiry": (("call", "First sales call"), ("email", "Confirm the inquiry"), ("meeting", "Video call")),
    "Hearing": (("meeting", "Site visit"), ("task", "Prepare the calculation"), ("call", "Clarify the meters")),
    "Proposal": (("meeting", "Present the proposal"), ("email", "Send a reference"), ("call", "Questions left?")),
    "Estimate": (("call", "Ask about the estimate"), ("email", "Send the revision"), ("meeting", "Talk terms")),
}


class House(NamedTuple):
    """A company that may buy."""

    name: str
    sector: str
    employees: int
    country: str
    domain: str


def houses(rng: Random, count: int) -> list[House]:
    """So many different companies."""
    names = [
        (f"{beginning}{ending}", sector, trade)
        for beginning in BEGINNINGS
        for ending in ENDINGS
        for sector, trades in TRADES.items()
        for trade in trades
    ]
    return [
        House(
            f"{stem} {trade}",
            sector,
            round(rng.lognormvariate(4.7, 1.1)) + 8,
            rng.choice(COUNTRIES),
            f"{stem.lower()}-{trade.lower().replace(' ', '-')}.example",
        )
        for stem, sector, trade in rng.sample(names, count)
    ]


def person_name(rng: Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"
