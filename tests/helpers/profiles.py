"""Profiles by hand, and a model whose step has pieces of known cost."""

import importlib

import keras
import tensorflow as tf

from keras_isgd import compat

STEP = "step"


class Profile:
    """A profile of TensorFlow's, filled event by event; times in milliseconds."""

    def __init__(self):
        self.space = compat.xspace(b"")

    def event(self, thread, name, begin, end, /, plane="/host:CPU", **stats):
        (found,) = [p for p in self.space.planes if p.name == plane] or [
            self.space.planes.add(name=plane)
        ]
        (line,) = [x for x in found.lines if x.name == thread] or [
            found.lines.add(name=thread)
        ]
        number = 1 + len(found.event_metadata)
        found.event_metadata[number].name = name
        event = line.events.add(
            metadata_id=number,
            offset_ps=round(begin * 1e9),
            duration_ps=round((end - begin) * 1e9),
        )
        for key, value in stats.items():
            stat = event.stats.add(metadata_id=self._stat(found, key))
            if isinstance(value, str):
                stat.ref_value = self._stat(found, value)
            else:
                stat.int64_value = value

    def program(self, name, **operations):
        """What XLA compiled: instructions as name=(opcode, operation)."""
        proto = importlib.import_module("tensorflow.compiler.xla.service.hlo_pb2")
        hlo = proto.HloProto()
        hlo.hlo_module.name = name
        computation = hlo.hlo_module.computations.add()
        for instruction, (opcode, operation) in operations.items():
            added = computation.instructions.add(name=instruction, opcode=opcode)
            added.metadata.op_name = operation
        plane = self.space.planes.add(name="/host:metadata")
        plane.event_metadata[1].stats.add(
            metadata_id=self._stat(plane, "Hlo Proto"),
            bytes_value=hlo.SerializeToString(),
        )

    def write(self, directory):
        (directory / "vm.xplane.pb").write_bytes(self.space.SerializeToString())
        return str(directory)

    def _stat(self, plane, name):
        for number, metadata in plane.stat_metadata.items():
            if metadata.name == name:
                return number
        number = 1 + len(plane.stat_metadata)
        plane.stat_metadata[number].name = name
        return number


class Products(keras.Model):
    """Three products of matrices as "jacobian", and three eight times as cheap as
    "probes"."""

    def __init__(self, parts_jitted=False):
        super().__init__()
        self.large = tf.random.normal((600, 600), dtype="float64")
        self.small = tf.random.normal((300, 300), dtype="float64")
        self.parts_jitted = parts_jitted
        self.weight = self.add_weight(shape=())

    def call(self, x):
        return x

    def train_step(self, data):
        def cube(a):
            return tf.reduce_sum(a @ a @ a)

        if self.parts_jitted:
            cube = tf.function(cube, jit_compile=True, autograph=False)
        with tf.name_scope("jacobian"):
            total = cube(self.large)
        with tf.name_scope("probes"):
            total += cube(self.small + total)
        compat.loss_tracker(self).update_state(tf.cast(total, "float32"))
        return self.get_metrics_result()


def fit(model, callbacks, steps=6, **arguments):
    data = tf.data.Dataset.from_tensors(tf.zeros((1, 1))).repeat(steps)
    model.fit(data, verbose=0, shuffle=False, callbacks=callbacks, **arguments)
