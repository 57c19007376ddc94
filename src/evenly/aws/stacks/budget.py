"""The budget: a mail when too much is spent, or is going to be. Pure.

It counts the whole account. AWS counts by tag only after somebody with rights to the bill has switched the tag on, and
a budget by a tag that is not on sees nothing and stays silent: better one that says too much. Who has switched it on
narrows it by an override. The stack is in us-east-1, for CloudFormation makes budgets in few regions.
"""

from troposphere import Template, budgets

from evenly.aws.stacks.common import Stack
from evenly.aws.topology import AwsTopology

CONCERN = "budget"
# Percent of the budget, and of what: spent so far, or forecast for the month.
TOLD = ((80, "ACTUAL"), (100, "ACTUAL"), (100, "FORECASTED"))


def wanted(topology: AwsTopology) -> bool:
    return topology.observability.budget is not None


def template(topology: AwsTopology) -> Template:
    """Raises ValueError for an environment without a budget."""
    amount = topology.observability.budget
    if amount is None:
        raise ValueError(f"{topology.names.prefix} has no budget")
    stack = Stack(topology, CONCERN, "the budget of the account")
    stack.add(
        budgets.Budget(
            "Budget",
            Budget=budgets.BudgetData(
                BudgetName=stack.names.prefix,
                BudgetType="COST",
                TimeUnit="MONTHLY",
                BudgetLimit=budgets.Spend(Amount=amount, Unit="USD"),
            ),
            NotificationsWithSubscribers=_told(topology.observability.alarms),
            ResourceTags=[budgets.ResourceTag(Key=key, Value=value) for key, value in stack.tags().items()],
        )
    )
    return stack.finished()


def _told(address: str | None) -> list[budgets.NotificationWithSubscribers]:
    """By mail straight from AWS Budgets: nothing in between that could be encrypted wrongly. Without an address nobody
    is told, and the budget is there to be looked at."""
    if address is None:
        return []
    subscriber = budgets.Subscriber(SubscriptionType="EMAIL", Address=address)
    return [
        budgets.NotificationWithSubscribers(
            Notification=budgets.Notification(
                NotificationType=kind,
                ComparisonOperator="GREATER_THAN",
                Threshold=percent,
                ThresholdType="PERCENTAGE",
            ),
            Subscribers=[subscriber],
        )
        for percent, kind in TOLD
    ]
