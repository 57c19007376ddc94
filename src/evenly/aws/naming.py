"""What things are called on AWS, and so what their ARNs are, before any of them exists: the security stack names
roles that others use, and the others name roles that it has made. The one place that makes a name. Pure.

A name that AWS limits is cut to fit, with a few digits of a hash that keep it apart from its neighbours.
"""

import hashlib
import re

from msgspec import Struct

ROLE_MOST = 64  # characters; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
FUNCTION_MOST = 64  # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
FAMILY_MOST = 255  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
BUCKET_MOST = 63  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
SCHEDULE_MOST = 64  # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
MACHINE_MOST = (
    80  # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
)

ACCOUNT_AND_REGION = 12 + 1 + 14  # the longest, "ap-southeast-1" and its like, with the hyphen between
HASH = 6
HERE = "${AWS::Region}"


def fitted(name: str, most: int) -> str:
    """`name`, or where it is longer than `most` its beginning with six digits of its hash."""
    if len(name) <= most:
        return name
    return f"{name[: most - HASH - 1].rstrip('-')}-{hashlib.sha256(name.encode()).hexdigest()[:HASH]}"


def fitted_pattern(prefix: str, most: int) -> str:
    """What every `fitted(f"{prefix}-{anything}", most)` matches, for a resource of a policy."""
    kept = most - HASH - 1
    return f"{prefix}-*" if len(prefix) < kept else f"{prefix[:kept].rstrip('-')}*"


def arn(service: str, resource: str, region: str = HERE) -> str:
    """Of a resource of the account itself."""
    return f"arn:${{AWS::Partition}}:{service}:{region}:${{AWS::AccountId}}:{resource}"


class Names(Struct, frozen=True):
    """The names of one environment. Where one holds `${AWS::...}`, it is for Fn::Sub.

    `region` is the one that a name is used in: the edge's stacks are in another than the rest.
    """

    service: str
    environment: str

    @property
    def prefix(self) -> str:
        """What every name of the environment begins with, where the length is not limited."""
        return f"{self.service}-{self.environment}"

    def every(self, most: int = FAMILY_MOST) -> str:
        """A pattern of all names of at most `most` characters, and of those that CloudFormation makes up: it begins
        them with the stack's."""
        return fitted_pattern(self.prefix, most)

    def stack(self, concern: str) -> str:
        return f"{self.prefix}-{concern}"

    def stack_arn(self, concern: str, region: str = HERE) -> str:
        """As a pattern: AWS appends an id of its own."""
        return arn("cloudformation", f"stack/{self.stack(concern)}/*", region)

    def role(self, purpose: str) -> str:
        """Of a role, a managed policy, an instance profile. They are global: the region is in none, for one
        environment has its roles once."""
        return fitted(f"{self.prefix}-{purpose}", ROLE_MOST)

    def role_arn(self, purpose: str) -> str:
        return arn("iam", f"role/{self.role(purpose)}", "")

    def policy_arn(self, purpose: str) -> str:
        return arn("iam", f"policy/{self.role(purpose)}", "")

    def bucket(self, purpose: str, region: str = HERE) -> str:
        """Bucket names are one another's over all accounts, so account and region are in them."""
        return f"{fitted(f'{self.prefix}-{purpose}', _BUCKET_OWN)}-${{AWS::AccountId}}-{region}"

    def bucket_arn(self, purpose: str, region: str = HERE) -> str:
        return f"arn:${{AWS::Partition}}:s3:::{self.bucket(purpose, region)}"

    def buckets_arn(self, region: str = HERE) -> str:
        """A pattern of all buckets of the environment in one region."""
        return f"arn:${{AWS::Partition}}:s3:::{fitted_pattern(self.prefix, _BUCKET_OWN)}-${{AWS::AccountId}}-{region}"

    def secret(self, name: str) -> str:
        """Of a secret in Secrets Manager."""
        return f"{self.service}/{self.environment}/{name}"

    def secret_arn(self, name: str) -> str:
        """As a pattern: AWS appends a hyphen and six characters of its own."""
        return arn("secretsmanager", f"secret:{self.secret(name)}-??????")

    def parameter(self, stack: str, name: str) -> str:
        """Of a parameter in Systems Manager, where an output is published."""
        return f"/{self.service}/{self.environment}/{stack}/{name}"

    def parameters_arn(self, region: str = HERE) -> str:
        """A pattern of all that the environment publishes in one region."""
        return arn("ssm", f"parameter/{self.service}/{self.environment}/*", region)

    def log_group(self, purpose: str) -> str:
        return f"/evenly/{self.service}/{self.environment}/{purpose}"

    def log_group_arn(self, purpose: str, region: str = HERE) -> str:
        return arn("logs", f"log-group:{self.log_group(purpose)}", region)

    def log_streams_arn(self, purpose: str) -> str:
        """A pattern of the streams in a log group."""
        return f"{self.log_group_arn(purpose)}:log-stream:*"

    @property
    def firewall_log_group(self) -> str:
        """AWS wants it to begin so."""
        return f"aws-waf-logs-{self.prefix}"

    def topic(self, purpose: str) -> str:
        """Of a topic of notifications."""
        return f"{self.prefix}-{purpose}"

    def topic_arn(self, purpose: str) -> str:
        return f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:{self.topic(purpose)}"

    def alarm(self, purpose: str) -> str:
        return f"{self.prefix}-{purpose}"

    def alarm_arn(self, purpose: str, region: str = "${AWS::Region}") -> str:
        return f"arn:${{AWS::Partition}}:cloudwatch:{region}:${{AWS::AccountId}}:alarm:{self.alarm(purpose)}"

    @property
    def metrics(self) -> str:
        """The namespace of the metrics that are counted in the environment's logs."""
        return f"Evenly/{self.service}/{self.environment}"

    @property
    def firewall(self) -> str:
        """Of the firewall. Its log group has to begin with words of AWS's."""
        return f"{self.prefix}-firewall"

    @property
    def firewall_log_group_arn(self) -> str:
        place = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
        return f"{place}:log-group:{self.firewall_log_group}"

    @property
    def repository(self) -> str:
        """Of the service's images."""
        return f"{self.service}/{self.environment}"

    @property
    def repository_arn(self) -> str:
        return arn("ecr", f"repository/{self.repository}")

    @property
    def build_project(self) -> str:
        """Of the project that builds images where there is no Docker."""
        return f"{self.prefix}-build"

    @property
    def build_project_arn(self) -> str:
        return arn("codebuild", f"project/{self.build_project}")

    @property
    def cluster(self) -> str:
        return self.prefix

    @property
    def cluster_arn(self) -> str:
        return arn("ecs", f"cluster/{self.cluster}")

    @property
    def ecs_service(self) -> str:
        return self.service

    def family(self, purpose: str) -> str:
        """Of a task definition: `app`, `migration`, `workers/NAME`, `jobs/NAME`. A slash can't be in one."""
        return fitted(f"{self.prefix}-{purpose.replace('/', '-')}", FAMILY_MOST)

    def function(self, purpose: str) -> str:
        """Of a Lambda function."""
        return fitted(f"{self.prefix}-{purpose}", FUNCTION_MOST)

    @property
    def door_cluster_arn(self) -> str:
        """Of the cluster that has the migration task alone."""
        return arn("ecs", f"cluster/{self.door}")

    def in_cluster_arn(self, kind: str) -> str:
        """A pattern of the cluster's tasks (`task`), hosts (`container-instance`) or services (`service`)."""
        return arn("ecs", f"{kind}/{self.cluster}/*")

    @property
    def door_tasks_arn(self) -> str:
        return arn("ecs", f"task/{self.door}/*")

    def worker_service(self, name: str) -> str:
        """Of a worker, among the services of the cluster."""
        return f"{self.service}-worker-{name}"

    def family_arn(self, purpose: str) -> str:
        """As a pattern: every revision."""
        return arn("ecs", f"task-definition/{self.family(purpose)}:*")

    def job(self, name: str) -> str:
        """Of the state machine that runs a job, and of its schedule."""
        return fitted(f"{self.prefix}-job-{name}", SCHEDULE_MOST)

    @property
    def jobs_arn(self) -> str:
        """A pattern of the jobs' state machines."""
        return arn("states", f"stateMachine:{fitted_pattern(f'{self.prefix}-job', SCHEDULE_MOST)}")

    def function_arn(self, purpose: str) -> str:
        return arn("lambda", f"function:{self.function(purpose)}")

    @property
    def hosts(self) -> str:
        """Of the Auto Scaling group of the hosts."""
        return f"{self.prefix}-hosts"

    @property
    def hosts_hook(self) -> str:
        """Of the group's lifecycle hook, which holds a new host back until it is configured."""
        return "configured"

    @property
    def database(self) -> str:
        """Of the database instance. RDS takes no two hyphens in a row."""
        return re.sub("-+", "-", fitted(self.prefix, ROLE_MOST - 1))

    @property
    def database_name(self) -> str:
        """Of the database in that instance. Two words, for one alone could be a word of SQL, which RDS refuses."""
        return self.database.replace("-", "_")

    def database_log_group(self, log: str) -> str:
        """Where RDS writes one of the database's logs to; it chooses the name."""
        return f"/aws/rds/instance/{self.database}/{log}"

    def database_log_group_arn(self, log: str) -> str:
        place = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
        return f"{place}:log-group:{self.database_log_group(log)}"

    @property
    def database_arn(self) -> str:
        return arn("rds", f"db:{self.database}")

    @property
    def private_zone(self) -> str:
        """The private hosted zone, which only the environment's own network sees."""
        return f"{self.environment}.{self.service}.internal"

    @property
    def database_host(self) -> str:
        """The database's name in the private zone."""
        return f"database.{self.private_zone}"

    @property
    def door(self) -> str:
        """Of the state machine that opens the database for migrations, runs them and closes it."""
        return fitted(f"{self.prefix}-door", MACHINE_MOST)

    @property
    def door_arn(self) -> str:
        return arn("states", f"stateMachine:{self.door}")

    @property
    def door_runs_arn(self) -> str:
        """A pattern of the state machine's executions."""
        return arn("states", f"execution:{self.door}:*")


_BUCKET_OWN = BUCKET_MOST - ACCOUNT_AND_REGION - 1
