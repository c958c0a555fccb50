"""The Python references: one JSON object a line in, one JSON object a line out (see bench/support/worker.ts).

A task gets its input, prepares everything that takes no part in the measurement, and returns two functions: the work that
is measured, and what of its result is worth comparing. Run with one thread: so does the other side.
"""

import gc
import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")


def load(given):
    with open(given["file"], encoding="utf8") as file:
        return json.load(file)


def logistic_regression(given):
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    data = load(given)
    features = np.array(data["features"])
    target = np.array(data["target"])
    options = given["options"]
    return (
        lambda: LogisticRegression(**options).fit(features, target),
        lambda model: {"intercept": model.intercept_[0], "coefficients": model.coef_[0].tolist()},
    )


def bg_nbd(given):
    import numpy as np
    from lifetimes import BetaGeoFitter

    data = load(given)
    count, recency, age = (np.array(data[name], float) for name in ("repeatCount", "recencyWeeks", "ageWeeks"))
    return (
        lambda: BetaGeoFitter().fit(count, recency, age),
        lambda model: {name: float(model.params_[name]) for name in ("r", "alpha", "a", "b")},
    )


def gamma_gamma(given):
    import numpy as np
    from lifetimes import GammaGammaFitter

    data = load(given)
    count, spend = (np.array(data[name], float) for name in ("repeatCount", "meanSpend"))
    return (
        lambda: GammaGammaFitter().fit(count, spend),
        lambda model: {name: float(model.params_[name]) for name in ("p", "q", "v")},
    )


def k_means(given):
    import numpy as np
    from sklearn.cluster import KMeans

    points = np.array(load(given))
    return (
        lambda: KMeans(given["k"], n_init=given["starts"], random_state=0).fit(points),
        lambda model: {"inertia": model.inertia_},
    )


def dbscan(given):
    import numpy as np
    from sklearn.cluster import DBSCAN

    points = np.array(load(given))
    return (
        lambda: DBSCAN(eps=given["eps"], min_samples=given["minPoints"]).fit(points),
        lambda model: {"clusters": int(model.labels_.max()) + 1, "noise": int((model.labels_ < 0).sum())},
    )


def mlxtend_fp_growth(given):
    from mlxtend.frequent_patterns import fpgrowth

    table = basket_table(given)
    return (
        lambda: fpgrowth(table, min_support=given["minSupport"], use_colnames=True),
        lambda sets: {"sets": len(sets)},
    )


def pyfim_fp_growth(given):
    import fim

    baskets = load(given)
    return (
        lambda: fim.fpgrowth(baskets, target="s", supp=100 * given["minSupport"], report="a"),
        lambda sets: {"sets": len(sets)},
    )


def prefix_span(given):
    from prefixspan import PrefixSpan

    sequences = load(given)
    return (
        lambda: PrefixSpan(sequences).frequent(given["leastCount"]),
        lambda patterns: {"patterns": len(patterns)},
    )


def item_cosine(given):
    import numpy as np
    import scipy.sparse as sparse
    from implicit.nearest_neighbours import CosineRecommender

    data = load(given)
    ones = np.ones(len(data["customers"]))
    matrix = sparse.csr_matrix((ones, (data["customers"], data["items"])), shape=tuple(data["shape"]))
    everyone = np.arange(matrix.shape[0])

    def fit():
        model = CosineRecommender(K=given["neighbours"], num_threads=1)
        model.fit(matrix, show_progress=False)
        return model

    fitted = fit()

    def recommend(model):
        return model.recommend(everyone, matrix, N=given["top"])

    work = {"fit": fit, "recommend": lambda: recommend(fitted), "both": lambda: recommend(fit())}
    return work[given["part"]], lambda _: {}


def rating_knn(given):
    import pandas as pd
    from surprise import Dataset, KNNBasic, Reader, accuracy

    data = load(given)
    train = pd.DataFrame(data["train"], columns=["customer", "item", "rating"])
    ratings = Dataset.load_from_df(train, Reader(rating_scale=(1, 5))).build_full_trainset()
    asked = [(customer, item, float(rating)) for customer, item, rating in data["test"]]
    options = {"name": given["similarity"], "user_based": True}

    def work():
        model = KNNBasic(k=given["neighbours"], sim_options=options, verbose=False)
        return model.fit(ratings).test(asked)

    return work, lambda predictions: {"rmse": accuracy.rmse(predictions, verbose=False)}


def bg_nbd_predictions(given):
    import numpy as np
    from lifetimes import BetaGeoFitter

    data = load(given)
    count, recency, age = (np.array(data[name], float) for name in ("repeatCount", "recencyWeeks", "ageWeeks"))
    model = BetaGeoFitter().fit(count, recency, age)
    weeks = given["weeks"]
    return (
        lambda: model.conditional_expected_number_of_purchases_up_to_time(weeks, count, recency, age),
        lambda expected: {"total": float(expected.sum())},
    )


def mean_silhouette(given):
    import numpy as np
    from sklearn.metrics import silhouette_score

    data = load(given)
    points, labels = np.array(data["points"]), np.array(data["labels"])
    return lambda: silhouette_score(points, labels), lambda silhouette: {"silhouette": float(silhouette)}


def mlxtend_rules(given):
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    sets = fpgrowth(basket_table(given), min_support=given["minSupport"], use_colnames=True)
    return (
        lambda: association_rules(sets, metric="confidence", min_threshold=given["minConfidence"]),
        lambda rules: {"rules": len(rules)},
    )


def mlxtend_apriori(given):
    from mlxtend.frequent_patterns import apriori

    table = basket_table(given)
    return (
        lambda: apriori(table, min_support=given["minSupport"], use_colnames=True),
        lambda sets: {"sets": len(sets)},
    )


def basket_table(given):
    import pandas as pd
    from mlxtend.preprocessing import TransactionEncoder

    baskets = load(given)
    encoder = TransactionEncoder()
    return pd.DataFrame(encoder.fit(baskets).transform(baskets), columns=encoder.columns_)


def holt_winters(given):
    import numpy as np
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    data = load(given)
    start = {f"initial_{name}": data["start"][name] for name in ("level", "trend", "seasonal")}
    form = {"trend": "add", "seasonal": "add", "seasonal_periods": given["season"]}
    model = ExponentialSmoothing(np.array(data["values"]), **form, initialization_method="known", **start)
    return lambda: model.fit(), lambda fitted: {"sse": float(fitted.sse)}


def decomposition(given):
    import numpy as np
    from statsmodels.tsa.seasonal import seasonal_decompose

    values = np.array(load(given)["values"])
    return (
        lambda: seasonal_decompose(values, model="additive", period=given["season"]),
        lambda parts: {"first": float(parts.seasonal[0])},
    )


TASKS = {
    task.__name__: task
    for task in (
        logistic_regression,
        bg_nbd,
        bg_nbd_predictions,
        gamma_gamma,
        k_means,
        dbscan,
        mean_silhouette,
        mlxtend_apriori,
        mlxtend_rules,
        mlxtend_fp_growth,
        pyfim_fp_growth,
        prefix_span,
        item_cosine,
        rating_knn,
        holt_winters,
        decomposition,
    )
}


def main():
    # What a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    work = summary = None
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if "task" in question:
                work, summary = TASKS[question["task"]](question["input"])
                answer = {"ready": True}
            else:
                gc.collect()
                started = time.perf_counter()
                for _ in range(question["times"]):
                    result = work()
                answer = {"seconds": time.perf_counter() - started, "result": summary(result)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
