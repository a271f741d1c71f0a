"""What the product says when it declines to do something."""

from typing import Any


class Refusal(Exception):
    """A rule of the business says no, in a sentence for a person.

    Subclasses live beside the verb that raises them. `status` is the answer's HTTP status when nobody catches it: 409
    when the world has changed meanwhile, 422 when the request cannot be followed. `facts` are for those who catch it.
    """

    status = 409

    def __init__(self, message: Any, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def __str__(self) -> str:
        return str(self.message)
