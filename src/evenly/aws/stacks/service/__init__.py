"""The service: the balancer over the zones, the tasks behind it, what they run on, and how many there are. Pure.

What belongs together has a module of its own beside this one: balancer, tasks (with containers and rollout), hosts,
scaling, workers, jobs. Docs: docs/adr/0033-compute.md.
"""

from troposphere import GetAtt, Ref, Template, ecs

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.service.balancer import Balancer, balancer, service_url
from evenly.aws.stacks.service.hosts import add_hosts, in_cluster
from evenly.aws.stacks.service.jobs import add_jobs
from evenly.aws.stacks.service.rollout import rollback_alarms
from evenly.aws.stacks.service.scaling import scale
from evenly.aws.stacks.service.tasks import app_service
from evenly.aws.stacks.service.workers import add_workers
from evenly.aws.topology import AwsTopology

CONCERN = "service"


def template(topology: AwsTopology) -> Template:
    stack = Stack(topology, CONCERN, "the balancer, the tasks behind it, and what they run on")
    at = balancer(stack)
    _cluster(stack)
    ready = _capacity(stack)
    service = app_service(stack, at, rollback_alarms(stack, at), ready)
    scale(stack, at, service)
    add_workers(stack, ready)
    add_jobs(stack)
    _outputs(stack, at, service)
    return stack.finished()


def _cluster(stack: Stack) -> None:
    """Shells in a task (ECS Exec) go by TLS alone, without a key of ours: with one the app's role could decrypt with
    it. What is typed there is in the log of the task's container."""
    shells = ecs.ExecuteCommandConfiguration(Logging="DEFAULT")
    stack.add(
        ecs.Cluster(
            "Cluster",
            ClusterName=stack.names.cluster,
            ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value="enabled")],
            Configuration=ecs.ClusterConfiguration(ExecuteCommandConfiguration=shells),
        )
    )


def _capacity(stack: Stack) -> tuple[str, ...]:
    """The logical ids of what a task has to wait for."""
    if not stack.topology.on_hosts:
        return (in_cluster(stack, None).title,)
    provider, conditions = add_hosts(stack)
    return (in_cluster(stack, provider).title, *conditions)


def _outputs(stack: Stack, at: Balancer, service: ecs.Service) -> None:
    balancer = at.load_balancer
    stack.output("BalancerArn", Ref(balancer), "The balancer")
    stack.output("BalancerDns", GetAtt(balancer, "DNSName"), "The balancer's own name")
    stack.output(
        "BalancerZoneId",
        GetAtt(balancer, "CanonicalHostedZoneID"),
        "The hosted zone of the balancer's own name",
    )
    stack.output(
        "BalancerFullName", GetAtt(balancer, "LoadBalancerFullName"), "The balancer, as its metrics name it"
    )
    stack.output(
        "TargetGroupFullName",
        GetAtt(at.target_group, "TargetGroupFullName"),
        "The target group, as its metrics name it",
    )
    stack.output("ClusterName", Ref("Cluster"), "The cluster of the tasks")
    stack.output("ServiceName", GetAtt(service, "Name"), "The service in the cluster")
    stack.output("Url", service_url(stack.topology), "Where those who are let in here reach the service")
    if at.other is not None:
        other = GetAtt(at.other, "TargetGroupFullName")
        stack.output("OtherTargetGroupFullName", other, "The target group that the next release is put into")
    if "Certificate" in stack.template.resources:
        stack.output("BalancerCertificateArn", Ref("Certificate"), "The certificate that the balancer shows")
