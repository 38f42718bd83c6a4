"""The file of the stage gradcheck: the errors of its six checks."""

from charrnn.files.metrics.schema import Metrics
from charrnn.gradcheck.comparison import Errors


class GradientCheckSettings(Metrics):
    """The settings of the gradient check."""

    characters: int
    elements: int
    floor: float
    fourth_order_step: float
    hidden_size: int
    norm: str
    sigma: float
    step: float
    updates: int


class ParameterErrors(Metrics):
    """The errors of the five gradients in one check."""

    b: Errors
    c: Errors
    U: Errors
    W: Errors
    V: Errors


class GradientCheckMetrics(Metrics):
    """metrics/gradient_check.json: the errors from three states, without and with l2."""

    settings: GradientCheckSettings
    zero_state: ParameterErrors
    zero_state_with_penalty: ParameterErrors
    random_state: ParameterErrors
    random_state_with_penalty: ParameterErrors
    carried_state: ParameterErrors
    carried_state_with_penalty: ParameterErrors
