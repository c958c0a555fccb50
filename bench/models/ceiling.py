"""How well anything could rank who stays away: fitted on the earlier customers, and even on the later ones themselves.

Takes the path of a JSON file {train: {features, labels}, later: {features, labels}, silence: its column} with the features
row by row, and prints {name: AUC on the later customers}. What is fitted on the later customers is judged on folds that it
has not seen: it knows the future of everybody else, which no model in use can.
"""

import json
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

with open(sys.argv[1]) as file:
    given = json.load(file)
x, y = np.array(given["train"]["features"]), np.array(given["train"]["labels"])
later, truth = np.array(given["later"]["features"]), np.array(given["later"]["labels"])


def trees():
    return HistGradientBoostingClassifier(
        learning_rate=0.03, max_iter=250, max_leaf_nodes=15, min_samples_leaf=50, l2_regularization=1, random_state=1
    )


def splines():
    return make_pipeline(
        StandardScaler(), SplineTransformer(n_knots=7, extrapolation="linear"), LogisticRegression(C=0.3, max_iter=4000)
    )


def plain():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


folds = StratifiedKFold(5, shuffle=True, random_state=1)
found = {"silence alone": roc_auc_score(truth, later[:, given["silence"]])}
for name, make in {"logistic": plain, "splines": splines, "boosted trees": trees}.items():
    found[name] = roc_auc_score(truth, make().fit(x, y).predict_proba(later)[:, 1])
    foreseen = cross_val_predict(make(), later, truth, cv=folds, method="predict_proba")[:, 1]
    found[name + ", told the future of the others"] = roc_auc_score(truth, foreseen)
print(json.dumps(found))
