"""The hosts' group, and the jobs' state machines, which are walked step by step as Step Functions would."""

import json
from typing import Any

import pytest
from tests.unit.aws.serviceworld import FARGATE, Json, body, only, rendered, resources, topology

from evenly.manifest.types import Job, Seconds

JOB = Job(command=("tidy",), schedule="30 2 * * *", timeout=Seconds(90.5), retries=2)


def group(kind: str = "small") -> Json:
    return only(body(kind), "AutoScaling::AutoScalingGroup")


def test_there_is_a_host_in_every_zone_and_ecs_says_how_many_more() -> None:
    assert group("full")["MinSize"] == "3"
    assert int(group("full")["MaxSize"]) >= 6
    assert "DesiredCapacity" not in group()
    assert group()["AvailabilityZoneDistribution"] == {"CapacityDistributionStrategy": "balanced-best-effort"}
    provider = only(body("small"), "ECS::CapacityProvider")["AutoScalingGroupProvider"]
    assert provider["ManagedScaling"]["Status"] == "ENABLED"
    assert provider["ManagedScaling"]["TargetCapacity"] == 100


def test_hosts_are_drained_and_never_held_against_a_deletion() -> None:
    provider = only(body("small"), "ECS::CapacityProvider")["AutoScalingGroupProvider"]
    assert provider["ManagedDraining"] == "ENABLED"
    assert provider["ManagedTerminationProtection"] == "DISABLED"
    assert group()["NewInstancesProtectedFromScaleIn"] is False


def test_hosts_are_replaced_one_by_one_and_none_is_missing_meanwhile() -> None:
    found = body("full")["Resources"]["Hosts"]
    update = found["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert (update["MinInstancesInService"], update["MaxBatchSize"]) == (3, 1)
    assert update["WaitOnResourceSignals"] is True
    assert int(found["Properties"]["MaxSize"]) > update["MinInstancesInService"]
    assert found["CreationPolicy"]["ResourceSignal"] == {"Count": 3, "Timeout": "PT15M"}


def test_a_host_that_is_not_configured_is_put_away() -> None:
    (hook,) = group()["LifecycleHookSpecificationList"]
    assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING"
    assert hook["DefaultResult"] == "ABANDON"
    assert hook["LifecycleHookName"] == "configured"
    assert group()["AutoScalingGroupName"] == "hello-staging-hosts"


def test_nobody_comes_in_and_no_task_asks_a_host_who_it_is() -> None:
    data = only(body("small"), "EC2::LaunchTemplate")["LaunchTemplateData"]
    assert "KeyName" not in data
    assert data["SecurityGroupIds"] == [{"Ref": "HostsGroup"}]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    (disk,) = data["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    assert {it["ResourceType"] for it in data["TagSpecifications"]} == {
        "instance",
        "network-interface",
        "volume",
    }


# --- jobs


def machine(job: Job = JOB, **more: Any) -> Json:
    found = rendered(topology(jobs={"tidy": job}, **more))
    said = only(found, "StepFunctions::StateMachine")["DefinitionString"]["Fn::Sub"]
    parsed: Json = json.loads(said)
    return parsed


def walk(found: Json, running: int) -> list[str]:
    """The states that one run goes through while there are `running` executions, itself among them."""
    at, passed = found["StartAt"], []
    while at:
        state = found["States"][at]
        passed.append(at)
        if state["Type"] == "Choice":
            (choice,) = state["Choices"]
            assert choice["Variable"] == "$.running.others"
            at = choice["Next"] if running > choice["NumericGreaterThan"] else state["Default"]
        else:
            at = state.get("Next")
    return passed


def test_one_run_at_a_time() -> None:
    assert walk(machine(), running=1) == ["Look", "IsFree", "Run"]
    assert walk(machine(), running=2) == ["Look", "IsFree", "Skipped"]
    look = machine()["States"]["Look"]
    assert look["Parameters"]["StateMachineArn.$"] == "$$.StateMachine.Id"
    assert look["Parameters"]["StatusFilter"] == "RUNNING"
    assert machine()["States"]["Skipped"]["Type"] == "Succeed"


def test_an_attempt_is_ended_after_its_timeout_and_tried_again_as_often_as_is_said() -> None:
    run = machine()["States"]["Run"]
    assert run["Resource"].endswith(":states:::ecs:runTask.sync")  # which ends the task too
    assert run["TimeoutSeconds"] == 91 + 300
    (retry,) = run["Retry"]
    assert retry["MaxAttempts"] == 2
    assert (retry["IntervalSeconds"], retry["BackoffRate"], retry["MaxDelaySeconds"]) == (5, 2.0, 300)
    assert set(retry["ErrorEquals"]) == {"States.TaskFailed", "States.Timeout"}
    once = machine(Job(command=("tidy",), schedule="30 2 * * *"))
    assert "Retry" not in once["States"]["Run"]


def test_a_run_is_told_when_it_was_due_and_which_attempt_it_is() -> None:
    run = machine()["States"]["Run"]
    (override,) = run["Parameters"]["Overrides"]["ContainerOverrides"]
    assert override["Name"] == "job"
    told = {it["Name"]: it["Value.$"] for it in override["Environment"]}
    assert told["EVENLY_DUE"] == "$.due"
    assert "$$.State.RetryCount" in told["EVENLY_ATTEMPT"]
    schedule = only(rendered(topology(jobs={"tidy": JOB})), "Scheduler::Schedule")
    assert json.loads(schedule["Target"]["Input"]) == {"due": "<aws.scheduler.scheduled-time>"}


def test_a_job_runs_in_the_private_network_on_what_the_environment_has() -> None:
    parameters = machine()["States"]["Run"]["Parameters"]
    network = parameters["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
    assert network["Subnets.$"] == "States.StringSplit('${PrivateSubnets}', ',')"
    assert parameters["CapacityProviderStrategy"] == [{"CapacityProvider": "${Capacity}", "Weight": 1}]
    on_fargate = machine(compute=FARGATE)["States"]["Run"]["Parameters"]
    assert on_fargate["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE", "Weight": 1}]
    assert "PlacementStrategy" not in on_fargate


@pytest.mark.parametrize("kind", ["full", "fargate"])
def test_the_clock_is_utc_and_late_is_at_most_five_minutes(kind: str) -> None:
    schedule = only(body(kind), "Scheduler::Schedule")
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["Target"]["Arn"] == {"Ref": "JobTidy"}
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 300
    assert schedule["Target"]["RoleArn"]["Fn::Sub"].endswith("role/hello-staging-jobs-schedule")
    machine = only(body(kind), "StepFunctions::StateMachine")
    assert machine["RoleArn"]["Fn::Sub"].endswith("role/hello-staging-jobs")


def test_without_jobs_there_is_no_clock() -> None:
    assert not resources(body("small"), "Scheduler::Schedule")
    assert not resources(body("small"), "StepFunctions::StateMachine")
