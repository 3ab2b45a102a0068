"""moto's server with what it lacks or drops of SageMaker, and with AWS's own rules for requests.

Every request whose protocol is JSON is held against botocore's model first, as AWS does: unknown members, enums, patterns,
lengths and ranges. `PUT /control` sets what endpoints and jobs are described as, such as statuses that follow each other;
`PUT /crash` makes a call fail after it was done, `PUT /refuse` makes calls fail as AWS has them fail; `GET /state` tells what is in the account.

    python moto_server.py PORT
"""

import io
import json
import re
import sys
from urllib.parse import parse_qsl

from moto.applicationautoscaling import models as autoscaling
from moto.cloudwatch import models as cloudwatch
from moto.iam import models as iam
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sagemaker import models, responses
from moto.sagemaker.exceptions import ValidationError
from request_faults import faults, operation_model
from werkzeug.serving import run_simple
from werkzeug.wrappers import Request, Response

SERVICES = {
    "SageMaker": "sagemaker",
    "AnyScaleFrontendService": "application-autoscaling",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "Logs_20140328": "logs",
}


def json_error(kind, message, status=400):
    body = json.dumps({"__type": kind, "message": message})
    return Response(body, status, content_type="application/x-amz-json-1.1")


# What moto does not do, or does otherwise than AWS.

UNIQUE = {
    "CreateModel": ("ModelName", "_models", "Cannot create already existing model"),
    "CreateEndpointConfig": ("EndpointConfigName", "endpoint_configs", "Cannot create already existing endpoint configuration"),
    "CreateEndpoint": ("EndpointName", "endpoints", "Cannot create already existing endpoint"),
    "CreateTrainingJob": ("TrainingJobName", "training_jobs", "Training job names must be unique; it already exists"),
    "CreateTransformJob": ("TransformJobName", "transform_jobs", "Transform job names must be unique; it already exists"),
}


def backend():
    return models.sagemaker_backends["123456789012"]["us-east-1"]


def refuse(message):
    raise ValidationError(message=message)


def endpoint_of(self):
    name = self._get_param("EndpointName")
    return self.sagemaker_backend.endpoints.get(name) or refuse(f'Could not find endpoint "{name}".')


def update_endpoint(self):
    endpoint = endpoint_of(self)
    name = self._get_param("EndpointConfigName")
    config = self.sagemaker_backend.endpoint_configs.get(name) or refuse(f'Could not find endpoint configuration "{name}".')
    endpoint.endpoint_config_name = name
    endpoint.production_variants = endpoint._process_production_variants(config.production_variants)
    endpoint.deployment_config = self._get_param("DeploymentConfig")
    endpoint.last_modified_time = models.utcnow()
    return json.dumps({"EndpointArn": endpoint.arn})


def update_weights(self):
    endpoint = endpoint_of(self)
    for wanted in self._get_param("DesiredWeightsAndCapacities"):
        variant = next(v for v in endpoint.production_variants if v["VariantName"] == wanted["VariantName"])
        if "DesiredWeight" in wanted:
            variant["CurrentWeight"] = variant["DesiredWeight"] = wanted["DesiredWeight"]
        if "DesiredInstanceCount" in wanted:
            variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"] = wanted["DesiredInstanceCount"]
    return json.dumps({"EndpointArn": endpoint.arn})


def stop_training_job(self):
    name = self._get_param("TrainingJobName")
    job = self.sagemaker_backend.training_jobs.get(name) or refuse("Requested resource not found.")
    job.training_job_status = job.secondary_status = "Stopped"
    return "{}"


def add_tags(self):
    arn, tags = self._get_param("ResourceArn"), self._get_param("Tags")
    self.sagemaker_backend.delete_tags(arn, [tag["Key"] for tag in tags])
    return json.dumps({"Tags": self.sagemaker_backend.add_tags(arn, tags)})


def deregister(self, service_namespace, resource_id, scalable_dimension):
    for key in [key for key, policy in self.policies.items() if policy.resource_id == resource_id]:
        del self.policies[key]
    self.scheduled_actions = [one for one in self.scheduled_actions if one.resource_id != resource_id]
    old_deregister(self, service_namespace, resource_id, scalable_dimension)


# AWS removes the policies and the scheduled actions of a target with it.
old_deregister = autoscaling.ApplicationAutoscalingBackend.deregister_scalable_target
autoscaling.ApplicationAutoscalingBackend.deregister_scalable_target = deregister
Sagemaker = responses.SageMakerResponse
Sagemaker.add_tags = add_tags
Sagemaker.update_endpoint = update_endpoint
Sagemaker.update_endpoint_weights_and_capacities = update_weights
Sagemaker.stop_training_job = stop_training_job
# Its jobs are over as soon as they are made: here they are at work, until a test says otherwise.
for Job, statuses in (
    (models.FakeTrainingJob, ("training_job_status", "secondary_status")),
    (models.FakeTransformJob, ("transform_job_status",)),
    (models.HyperParameterTuningJob, ("hyper_parameter_tuning_job_status",)),
):

    def at_work(self, *args, init=Job.__init__, statuses=statuses, **options):
        init(self, *args, **options)
        for status in statuses:
            setattr(self, status, "InProgress")

    Job.__init__ = at_work
# Its list of instance types is old; botocore's enum has checked them already.
models.FakeEndpointConfig.validate_instance_type = lambda self, instance_type: None



def statistic(self, stat):
    values = sorted(self.metric_single_values_list)
    if stat.startswith("p") and values:
        return values[min(len(values) - 1, int(float(stat[1:]) / 100 * len(values)))]
    return old_statistic(self, stat)


# It has no percentiles.
old_statistic = cloudwatch.Statistics.get_statistics_for_type
cloudwatch.Statistics.get_statistics_for_type = statistic

# The members of what was made that moto forgets, by kind and name; and what is described otherwise for a test.
remembered = {}
DESCRIBED = {
    "DescribeModel": "ModelName",
    "DescribeEndpointConfig": "EndpointConfigName",
    "DescribeTrainingJob": "TrainingJobName",
    "DescribeTransformJob": "TransformJobName",
    "DescribeHyperParameterTuningJob": "HyperParameterTuningJobName",
}
control = {}


def after(operation, request, answer):
    """An answer with what moto dropped, and with what the test says."""
    key = DESCRIBED.get(operation)
    if key:
        made = remembered.get((key, request[key]), {})
        answer = {**{k: v for k, v in made.items() if k != "Tags"}, **{k: v for k, v in answer.items() if v not in (None, {}, [])}}
    if operation == "DescribeEndpoint":
        endpoint = backend().endpoints[request["EndpointName"]]
        if getattr(endpoint, "deployment_config", None):
            answer["LastDeploymentConfig"] = endpoint.deployment_config
    changes = control.get(operation)
    if changes:
        answer = {**answer, **(changes.pop(0) if len(changes) > 1 else changes[0])}
    return answer


def state():
    """What is in the account, by kind and name."""
    account = "123456789012"
    own = backend()
    alarms = cloudwatch.cloudwatch_backends[account]["us-east-1"]
    scaling = autoscaling.applicationautoscaling_backends[account]["us-east-1"]
    return {
        "models": sorted(own._models),
        "configurations": sorted(own.endpoint_configs),
        "endpoints": {
            name: [one.endpoint_config_name, sorted(tag["Key"] + "=" + tag["Value"] for tag in one.tags)]
            for name, one in own.endpoints.items()
        },
        "alarms": sorted(alarms.alarms),
        "dashboards": sorted(alarms.dashboards),
        "targets": sorted(id for targets in scaling.targets.values() for id in targets),
        "policies": sorted(policy.policy_name for policy in scaling.policies.values()),
        "floors": sorted(action.scheduled_action_name for action in scaling.scheduled_actions),
        "jobs": sorted([*own.training_jobs, *own.transform_jobs, *own.hyper_parameter_tuning_jobs]),
        "roles": {role.name: sorted(role.policies) for role in iam.iam_backends[account]["aws"].roles.values()},
    }


MUTATING = re.compile("Create|Put|Update|Add|Register|Deregister|Delete|Stop")
# Calls that change something until one of them crashes after it was done: 1 is the next one.
crash = {"in": 0, "seen": 0}


# Errors by the operation that answers with them, each a code, a text and a status.
refusals = {}


def refusal(name, is_json):
    code, message, status = refusals[name]
    if is_json:
        return json_error(code, message, status)
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return Response(body, status, content_type="text/xml")


def application(app):
    def handle(environ, start_response):
        request = Request(environ)
        if request.path == "/refuse":
            refusals.clear()
            refusals.update(json.loads(request.get_data()))
            return Response("{}")(environ, start_response)
        if request.path == "/state":
            return Response(json.dumps(state()))(environ, start_response)
        if request.path == "/crash":
            crash.update({"in": int(request.get_data()), "seen": 0})
            return Response("{}")(environ, start_response)
        form = request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        data = request.get_data()
        # Read once already: moto reads it again.
        environ["wsgi.input"] = io.BytesIO(data)
        name = request.headers.get("X-Amz-Target", "").partition(".")[2] or request.path.rpartition("/")[2]
        if form:
            name = dict(parse_qsl(data.decode())).get("Action", "")
        if name in refusals:
            return refusal(name, not form)(environ, start_response)
        if not MUTATING.match(name):
            return answer_of(app, environ, start_response)
        crash["seen"] += 1
        if crash["seen"] != crash["in"]:
            return answer_of(app, environ, start_response)
        Response.from_app(lambda *args: answer_of(app, *args), environ)
        return json_error("CrashedException", "the process ended here")(environ, start_response)

    def answer_of(app, environ, start_response):
        request = Request(environ)
        if request.path == "/control":
            control.clear()
            control.update(json.loads(request.get_data()))
            return Response("{}")(environ, start_response)
        if request.path == "/moto-api/reset":
            remembered.clear()
            control.clear()
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        service = SERVICES.get(service)
        if service is None:
            return app(environ, start_response)
        data = request.get_data()
        environ["wsgi.input"] = io.BytesIO(data)
        body = json.loads(data or b"{}")
        found = faults(operation_model(service, operation).input_shape, body, operation)
        if found:
            return json_error("ValidationException", "; ".join(found))(environ, start_response)
        if service != "sagemaker":
            return app(environ, start_response)
        if operation in UNIQUE:
            key, holder, message = UNIQUE[operation]
            if body[key] in getattr(backend(), holder):
                return json_error("ValidationException", f'{message} "{body[key]}".')(environ, start_response)
            remembered[(key, body[key])] = body
        elif operation == "CreateHyperParameterTuningJob":
            remembered[("HyperParameterTuningJobName", body["HyperParameterTuningJobName"])] = body
        if operation not in DESCRIBED and operation != "DescribeEndpoint":
            return app(environ, start_response)
        answer = Response.from_app(app, environ)
        if answer.status_code == 200:
            answer.set_data(json.dumps(after(operation, body, json.loads(answer.get_data()))))
        return answer(environ, start_response)

    return handle


if __name__ == "__main__":
    moto = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), application(moto), threaded=True)
