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


STEMS = _words(
    """
    Arvendal Brisko Calderun Dornfeld Elmarin Fennholt Garvik Hallmere Iverstad Jorvan Kestrelby Lindmar Morvale
    Nordhau Ostravin Pellworth Quillhaven Rosenau Stavrin Tesmar Ulvenau Vardun Westermoor Yarlow Zellbach Auberin
    Birkenried Corvalis Drumlin Ebersund Falkenau Gondolin Hexley Ilmenroth Jasperin Kolmaris Lauenfels Meridane
    Nettlebeck Orlevik Pinnau Rautenberg Solvane Tiverland Umbrin Veldhoven Wolmar Ystanger Zirbach Altenmoor
    """
)
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
CALLS = ("Introductory call", "Follow-up call", "Questions on the offer", "Call about the meters")
MEETINGS = ("Site visit", "Demonstration", "Meeting with the CFO", "Workshop on load peaks")
MAILS = ("Sent the brochure", "Sent the offer", "Sent references", "Invitation to the webinar")
NEXT = {
    "call": ("Call back", "Ask about the offer", "Arrange the visit"),
    "email": ("Send the reference", "Send the calculation", "Send the revised offer"),
    "meeting": ("Site visit", "Present the offer", "Demonstration"),
    "task": ("Prepare the calculation", "Check the meter list", "Ask technics for a date"),
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
    names = [(stem, sector, trade) for stem in STEMS for sector, trades in TRADES.items() for trade in trades]
    second = [
        (f"{stem} & {other}", sector, trade)
        for (stem, sector, trade), other in zip(names, STEMS[::-1] * 30, strict=False)
    ]
    chosen = rng.sample(names + second, count)
    return [
        House(
            f"{stem} {trade}",
            sector,
            round(rng.lognormvariate(4.7, 1.1)) + 8,
            rng.choice(COUNTRIES),
            f"{stem.lower().replace(' & ', '-')}-{trade.lower().replace(' ', '-')}.example",
        )
        for stem, sector, trade in chosen
    ]


def person_name(rng: Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"
