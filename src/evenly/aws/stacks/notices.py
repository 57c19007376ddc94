"""The topic that tells of alarms: who may publish to it, and who is mailed. Pure.

An alarm can tell a topic of its own region alone, so the environment's region has one and the edge's another.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from typing import Any

from troposphere import Ref, sns

from evenly.aws.stacks.common import Stack, Statement, policy, substituted


def add_topic(stack: Stack, purpose: str, key: Any, *more: Statement) -> Ref:
    """The topic, encrypted with `key`, which has to let it be used: `keys.used_by_topic`. `more`: who publishes to it
    beside the environment's alarms."""
    topic = stack.add(
        sns.Topic(
            "Alarms",
            TopicName=stack.names.topic(purpose),
            DisplayName=stack.names.prefix,
            KmsMasterKeyId=key,
        )
    )
    document = policy((_published(stack), *more, _no_plain_http()))
    stack.add(sns.TopicPolicy("AlarmsPolicy", Topics=[Ref(topic)], PolicyDocument=document))
    if (address := stack.topology.observability.alarms) is not None:
        stack.add(
            sns.SubscriptionResource("AlarmsByMail", TopicArn=Ref(topic), Protocol="email", Endpoint=address)
        )
    return Ref(topic)


def published_by_databases() -> Statement:
    """By what RDS tells of databases of this account.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.GrantingPermissions.html"""
    return Statement(
        "PublishedByDatabases",
        ("sns:Publish",),
        (Ref("Alarms"),),
        {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}},
        principal={"Service": "events.rds.amazonaws.com"},
    )


def _published(stack: Stack) -> Statement:
    """By alarms of this environment."""
    return Statement(
        "PublishedByAlarms",
        ("sns:Publish",),
        (Ref("Alarms"),),
        {
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": substituted(stack.names.alarm_arn("*"))},
        },
        principal={"Service": "cloudwatch.amazonaws.com"},
    )


def _no_plain_http() -> Statement:
    return Statement(
        "NoPlainHttp",
        ("sns:Publish",),
        (Ref("Alarms"),),
        {"Bool": {"aws:SecureTransport": "false"}},
        effect="Deny",
        principal={"AWS": "*"},
    )
