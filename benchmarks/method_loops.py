"""Other methods for large networks, each as one plain loop outside the package.

Each takes a `Start` and a `Clock`, and steps until the clock says that time is up.
Rows, weights and losses are the library's; `benchmarks/methods.py` runs the loops.

- `nystrom`: Gauss-Newton without a matrix, by conjugate gradients with a randomised
  Nystrom preconditioner (arXiv 2505.11638).
- `sketched`: Gauss-Newton with sketched rows and columns and a radius chosen by the
  ratio of actual to predicted decrease (DSGNAR, arXiv 2607.02194).
- `kfac`: Kronecker factors of the Gauss-Newton matrix, layer by layer, with the length
  and the momentum of each step from the quadratic model (KFAC*, arXiv 2405.15603).
"""

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.fft
import scipy.interpolate
import scipy.linalg
import scipy.sparse
import scipy.stats
import tensorflow as tf

from keras_isgd.linalg.conjugate_gradients import conjugate_gradients
from keras_isgd.objectives.parameters import ParameterVector

# The sum of both terms' squared rows of J at the start, which `balanced_weights` makes.
_TRACE = 2000.0


@dataclasses.dataclass
class Start:
    """A model with a network at its start, and the seed of its points."""

    model: Any
    seed: int

    def __post_init__(self) -> None:
        self.parameters = ParameterVector(self.model.trainable_variables)

    def points(self, interior: int, boundary: int, resample: bool = True) -> Any:
        """An iterator over dictionaries of point sets."""
        options = {"method": "sobol", "seed": self.seed, "resample": resample}
        return iter(self.model.problem.points(interior, boundary, **options))


class Clock:
    """Counts steps and CPU seconds of the process; notes errors twenty times a run.

    What the errors cost is not counted.
    """

    def __init__(self, start: Start, seconds: float) -> None:
        self.start, self.seconds = start, seconds
        self.began, self.apart = time.time(), 0.0
        self.steps, self.records = 0, []
        self.notes: dict[str, list[float]] = {}

    def now(self) -> float:
        """CPU seconds since the process began, all threads together."""
        return time.process_time() - self.apart

    def note(self, **values: float) -> None:
        """Keeps numbers that tell what limits a method."""
        for name, value in values.items():
            self.notes.setdefault(name, []).append(float(value))

    def up(self, w: Any, loss: float) -> bool:
        """Counts a step to `w` (None: the weights of the model); whether time is up."""
        self.steps += 1
        now = self.now()
        last = self.records[-1]["at"] if self.records else 0.0
        if now < min(last + self.seconds / 20, self.seconds):
            return False
        begin, wall = time.process_time(), time.time() - self.began
        if w is not None:
            self.start.parameters.assign(tf.constant(w, self.start.parameters.dtype))
        errors = {k: float(v) for k, v in self.start.model.errors().items()}
        record = {"at": now, "wall": wall, "step": self.steps, "loss": float(loss)}
        self.records.append({**record, **errors})
        self.apart += time.process_time() - begin
        return now >= self.seconds


def _compiled(function: Callable) -> Callable:
    return tf.function(function, autograph=False, jit_compile=True)


def nystrom(
    start: Start,
    clock: Clock,
    interior: int = 1000,
    boundary: int = 128,
    rank: int = 100,
    renew: int = 20,
    tolerance: float = 0.1,
    iterations: int = 50,
    mu: float = 0.0,
    smallest_damping: float = 1e-7,
) -> None:
    """Solves (J^T J + lambda I) s = -J^T r inexactly, new points each step.

    With `mu` the system is that of SPRING around mu times the last step, of which the
    part 2 (1 - mu) is taken.
    """
    model, p = start.model, start.parameters.size
    eta, unit = min(2.0 * (1.0 - mu), 1.0), _TRACE / (interior + boundary)

    @_compiled
    def images(w: tf.Tensor, batch: Mapping, directions: tf.Tensor) -> tf.Tensor:
        at = model.objective(batch).operators(w)
        return tf.map_fn(lambda v: at.vjp(at.jvp(v)), directions)

    @_compiled
    def solve(
        w: tf.Tensor,
        batch: Mapping,
        basis: tf.Tensor,
        values: tf.Tensor,
        damping: tf.Tensor,
        drift: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        objective = model.objective(batch)
        at = objective.operators(w)
        factors = (values[-1] + damping) / (values + damping) - 1.0

        def precondition(v: tf.Tensor) -> tf.Tensor:
            inside = factors * tf.linalg.matvec(basis, v)
            return v + tf.linalg.matvec(basis, inside, transpose_a=True)

        along = at.jvp(drift)
        step, count = conjugate_gradients(
            lambda v: at.vjp(at.jvp(v)) + damping * v,
            -at.vjp(at.residual + along),
            precondition,
            tolerance,
            iterations,
        )
        ahead = at.residual + eta * (along + at.jvp(step))
        before = tf.reduce_sum(at.residual**2)
        whole = drift + step
        after = objective.value(w + eta * whole)
        return whole, before, after, before - tf.reduce_sum(ahead**2), count

    generator, points = np.random.default_rng(start.seed), start.points
    batches = points(interior, boundary)
    w, drift = start.parameters.read(), tf.zeros(p, tf.float64)
    relative, built = 1e-2, 0
    while True:
        batch = next(batches)
        if built % renew == 0:
            tests = np.linalg.qr(generator.standard_normal((p, rank)))[0]
            image = images(w, batch, tf.constant(tests.T)).numpy().T
            basis, values = (tf.constant(x) for x in _nystrom(tests, image))
        built += 1
        for _ in range(6):
            damping = tf.constant(relative * unit, tf.float64)
            found = solve(w, batch, basis, values, damping, drift)
            step, (before, after, predicted, count) = found[0], map(float, found[1:])
            ratio = (before - after) / predicted
            clock.note(damping=relative, ratio=ratio, iterations=count)
            if before > after:
                w, drift = w + eta * step, mu * step
                if ratio > 0.7:
                    relative = max(0.25 * relative, smallest_damping)
                break
            relative = min(6.0 * relative, 1e4)
        else:
            drift = tf.zeros_like(drift)
        if clock.up(w, before):
            return


def _nystrom(tests: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvectors `(l, p)` and eigenvalues `(l,)` of the Nystrom approximation."""
    shift = np.sqrt(len(tests)) * np.finfo(float).eps * np.linalg.norm(image)
    image = image + shift * tests
    core = tests.T @ image
    root = scipy.linalg.cholesky((core + core.T) / 2.0)
    half = scipy.linalg.solve_triangular(root, image.T, trans="T").T
    vectors, singular, _ = np.linalg.svd(half, full_matrices=False)
    return np.ascontiguousarray(vectors.T), np.maximum(singular**2 - shift, 0.0)


def sketched(
    start: Start,
    clock: Clock,
    interior: int = 4000,
    boundary: int = 400,
    size: int = 1000,
    oversampling: float = 1.0,
    radii: int = 8,
    piece: int = 400,
    mixing: str = "cosines",
) -> None:
    """Gauss-Newton on C J Z for fixed points, with random C and Z in each step.

    Z `(p, size)` has orthonormal columns: signs, a permutation and some columns of the
    discrete cosine transform ("cosines"), or equal buckets of weights with signs
    ("buckets"). C, with `oversampling` times as many rows, puts each row of J into four
    buckets with signs.
    """
    model, p = start.model, start.parameters.size
    batch = next(start.points(interior, boundary, resample=False))
    generator = np.random.default_rng(start.seed)
    size = min(size, p // 2)
    height = int(oversampling * size)
    m = interior + boundary

    @_compiled
    def linearise(w: tf.Tensor, part: Mapping) -> tuple[tf.Tensor, tf.Tensor]:
        return model.objective(part).linearise(w)

    value = _compiled(lambda w: model.objective(batch).value(w))
    count = -(-interior // piece)
    parts = [{k: v[i::count] for k, v in batch.items()} for i in range(count)]
    # A part's rows have the factor of its own number of points in the mean.
    share = 1.0 / np.sqrt(count)

    def sketch(w: tf.Tensor, mix: Callable) -> tuple[np.ndarray, np.ndarray]:
        rows, jacobian = np.zeros(height), np.zeros((height, size))
        for part in parts:
            r, j = (share * x.numpy() for x in linearise(w, part))
            hashed = generator.integers(0, height, (4, len(r)))
            signs = generator.choice([-0.5, 0.5], (4, len(r)))
            where = (hashed.ravel(), np.tile(np.arange(len(r)), 4))
            c = scipy.sparse.csr_matrix((signs.ravel(), where), (height, len(r)))
            rows += c @ r
            jacobian += c @ mix(j)
        return rows, jacobian

    w = start.parameters.read()
    loss, radius, target, dampings = float(value(w)), 1.0, 0.075, []
    while True:
        mix, back = _columns(p, size, mixing, generator)
        rows, jacobian = sketch(w, mix)
        left, s, right = np.linalg.svd(jacobian, full_matrices=False)
        g = s * (left.T @ rows)
        tried = radius * np.geomspace(1 / 3, 3, radii)
        attempt = functools.partial(_attempt, g, s, right, back, value, w, loss)
        ratios = [-1.0] * radii
        for i, length in enumerate(tried):
            ratios[i] = attempt(length)[0]
            if not ratios[i] > -1.0:  # longer steps are worse still
                break
        radius = _crossing(tried, np.array(ratios), target)
        ratio, after, new, damping = attempt(radius)
        clock.note(damping=damping, ratio=ratio, radius=radius, rows=m)
        if ratio > 0.0:
            w, loss = new, after
            dampings.append(np.log10(max(damping, 1e-300)))
        else:
            radius /= 3.0
        radius = min(max(radius, 1e-8), 1e3)
        if clock.steps >= 80 and len(dampings) >= 30:
            fit = scipy.stats.linregress(np.arange(30), dampings[-30:])
            if fit.slope > 1e-4 and fit.rvalue > 0.1:
                target = 0.5
        if clock.up(w, loss):
            return


def _attempt(
    g: np.ndarray,
    s: np.ndarray,
    right: np.ndarray,
    back: Callable,
    value: Callable,
    w: tf.Tensor,
    loss: float,
    length: float,
) -> tuple[Any, ...]:
    """The step of a length: ratio of the decreases, loss, weights and damping."""
    damping = _secular(g, s, length)
    step = -right.T @ (g / (s**2 + damping))
    predicted = np.sum(g**2 * (s**2 + 2 * damping) / (s**2 + damping) ** 2)
    new = w + tf.constant(back(step))
    after = float(value(new))
    return (loss - after) / predicted, after, new, damping


def _columns(
    p: int, size: int, mixing: str, generator: np.random.Generator
) -> tuple[Callable, Callable]:
    """The functions J -> J Z and y -> Z y of a random Z with orthonormal columns."""
    order = generator.permutation(p)
    signs = generator.choice([-1.0, 1.0], p)
    if mixing == "buckets":
        bucket = np.empty(p, int)
        bucket[order] = np.arange(p) % size
        lengths = np.sqrt(np.bincount(bucket, minlength=size))
        entries = signs / lengths[bucket]
        z = scipy.sparse.csr_matrix((entries, (np.arange(p), bucket)), (p, size))
        return lambda j: j @ z, lambda y: z @ y
    chosen = np.sort(generator.choice(p, size, replace=False))

    def mix(j: np.ndarray) -> np.ndarray:
        mixed = scipy.fft.dct((j * signs)[:, order], norm="ortho", overwrite_x=True)
        return mixed[:, chosen]

    def back(y: np.ndarray) -> np.ndarray:
        full = np.zeros(p)
        full[chosen] = y
        step = np.empty(p)
        step[order] = scipy.fft.idct(full, norm="ortho")
        return signs * step

    return mix, back


def _secular(g: np.ndarray, s: np.ndarray, radius: float) -> float:
    """The damping with which the step has the length `radius`, or nearly none."""
    damping = 1e-14 * s[0] ** 2
    for _ in range(60):
        quotient = g / (s**2 + damping)
        norm = np.linalg.norm(quotient)
        if norm <= radius * (1.0 + 1e-6):
            break
        slope = np.sum(quotient**2 / (s**2 + damping)) / norm
        damping += (norm - radius) / radius * norm / slope
    return float(damping)


def _crossing(radii: np.ndarray, ratios: np.ndarray, target: float) -> float:
    """The radius at which the envelope of the ratios falls below the target."""
    clipped = np.clip(np.nan_to_num(ratios, nan=-1.0), -1.0, 1.0)
    envelope = np.minimum.accumulate(clipped)
    if envelope[-1] >= target:
        return float(radii[-1])
    if envelope[0] < target:
        return float(radii[0])
    fine = np.linspace(np.log(radii[0]), np.log(radii[-1]), 512)
    curve = scipy.interpolate.PchipInterpolator(np.log(radii), envelope)(fine)
    return float(np.exp(fine[np.flatnonzero(curve >= target)[-1]]))


def kfac(
    start: Start,
    clock: Clock,
    interior: int = 3000,
    boundary: int = 500,
    average: float = 0.95,
    damping: float = 1e-10,
    resample: bool = True,
) -> None:
    """One pair of Kronecker factors for the equation and one for the conditions.

    The factors' columns are the value, the derivatives and the Laplacian of a layer's
    input, which the library's Jacobian in factors has too.
    """
    model, parameters = start.model, start.parameters

    @_compiled
    def statistics(w: tf.Tensor, batch: Mapping) -> tuple[Any, tf.Tensor]:
        objective = model.objective(batch)
        blocks = objective._factored_blocks(w)
        pairs = [[_kronecker(f) for f in block.factors] for block in blocks]
        at = objective.operators(w)
        return pairs, parameters.unpack(at.vjp(at.residual))

    @_compiled
    def combine(
        w: tf.Tensor, batch: Mapping, new: tf.Tensor, last: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        at = model.objective(batch).operators(w)
        both = tf.stack([new, last], axis=1)
        images = tf.stack([at.jvp(new), at.jvp(last)], axis=1)
        normal = tf.matmul(images, images, transpose_a=True)
        normal += damping * tf.matmul(both, both, transpose_a=True)
        right = -tf.linalg.matvec(images, at.residual, transpose_a=True)
        return normal, right, tf.reduce_sum(at.residual**2)

    w, last = parameters.read(), tf.zeros(parameters.size, tf.float64)
    kept: list | None = None
    for k, batch in enumerate(start.points(interior, boundary, resample)):
        pairs, gradients = statistics(w, batch)
        fresh = [_sum_of_conditions(of) for of in zip(*pairs, strict=True)]
        if kept is None:
            kept = [[np.eye(len(x)) for x in four] for four in fresh]
        kept = [
            [average * a + (1.0 - average) * b for a, b in zip(old, four, strict=True)]
            for old, four in zip(kept, fresh, strict=True)
        ]
        steps = []
        for i, four in enumerate(kept):
            kernel, bias = gradients[2 * i].numpy(), gradients[2 * i + 1].numpy()
            solved = _kronecker_solve(four, np.vstack([kernel, bias]), damping)
            steps += [-solved[:-1], -solved[-1]]
        new = parameters.pack([tf.constant(s) for s in steps])
        normal, right, loss = (x.numpy() for x in combine(w, batch, new, last))
        if k == 0:
            length = (right[0] / normal[0, 0], 0.0)
        else:
            length = np.linalg.lstsq(normal, right, rcond=None)[0]
        last = length[0] * new + length[1] * last
        clock.note(length=length[0], momentum=length[1])
        w += last
        if clock.up(w, loss):
            return


def _kronecker(factor: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """A = mean over points and columns of h h^T, with a 1 for the bias, and B."""
    n = factor.backward[0].shape[0]
    inputs = []
    for c, h in enumerate(factor.forward):
        one = tf.fill([n, 1], tf.cast(float(c < factor.values), h.dtype))
        inputs.append(tf.concat([tf.broadcast_to(h, [n, h.shape[1]]), one], axis=1))
    h = tf.concat(inputs, axis=0)
    g = tf.concat([tf.reshape(g, [-1, g.shape[-1]]) for g in factor.backward], axis=0)
    a = tf.matmul(h, h, transpose_a=True) / tf.cast(tf.shape(h)[0], h.dtype)
    return a, tf.matmul(g, g, transpose_a=True)


def _sum_of_conditions(layer: Any) -> list[np.ndarray]:
    """A, B of the equation, and C, D of the conditions."""
    (a, b), *others = [[x.numpy() for x in pair] for pair in layer]
    c = np.mean([pair[0] for pair in others], axis=0)
    d = np.sum([pair[1] for pair in others], axis=0)
    return [a, b, c, d]


def _kronecker_solve(
    four: list[np.ndarray], gradient: np.ndarray, damping: float
) -> np.ndarray:
    """Solves (A x B + C x D) X = G with each factor damped."""
    a, b, c, d = (x + damping * np.eye(len(x)) for x in four)
    s1, k1 = scipy.linalg.eigh(c, a)
    s2, k2 = scipy.linalg.eigh(d, b)
    inner = (k1.T @ gradient @ k2) / (1.0 + np.outer(s1, s2))
    return k1 @ inner @ k2.T


LOOPS = {"nystrom": nystrom, "sketched": sketched, "kfac": kfac}
