"""Weights & Biases and MLflow, by their own callbacks for Keras, without a network."""

import pytest

import keras_isgd as ki

LOGGED = {"loss", "loss_before", "residual", "learning_rate", "status"}


@pytest.fixture
def model():
    model = ki.PINN(ki.networks.mlp(width=5, depth=1, seed=0), ki.problems.Poisson1D())
    model.compile(optimizer=ki.ISGD())
    return model


@pytest.mark.filterwarnings("ignore")  # of these packages
def test_weights_and_biases(model, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_SILENT", "true")
    import wandb
    from wandb.integration.keras import WandbMetricsLogger

    with wandb.init(project="poisson", dir=tmp_path, mode="offline") as run:
        history = model.fit(epochs=3, verbose=0, callbacks=[WandbMetricsLogger()])
        summary = dict(run.summary)
    assert {f"epoch/{name}" for name in LOGGED} <= set(summary)
    assert summary["epoch/loss"] == pytest.approx(history.history["loss"][-1])


@pytest.mark.filterwarnings("ignore")
def test_mlflow(model, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    import mlflow
    from mlflow.keras import MlflowCallback

    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    with mlflow.start_run() as run:
        history = model.fit(epochs=3, verbose=0, callbacks=[MlflowCallback(run)])
    metrics = mlflow.get_run(run.info.run_id).data.metrics
    assert set(metrics) >= LOGGED
    assert metrics["loss"] == pytest.approx(history.history["loss"][-1])
