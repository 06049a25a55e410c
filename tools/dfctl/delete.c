// SPDX-License-Identifier: GPL-2.0
/* dfctl MODEL delete */
#include "nb.h"

int dfctl_delete(struct dfctl *ctl)
{
	struct df_nb *nb = dfctl_nb(ctl);
	struct df_error error = { 0 };
	df_txn_auto struct df_txn *txn = NULL;
	struct df_txn *ready;
	int i, err;

	if (!nb)
		return DFCTL_FAILED;
	if (df_txn_new(&txn, nb)) {
		dfctl_err("out of memory");
		return DFCTL_FAILED;
	}
	for (i = 0; i < ctl->argc; i++) {
		df_obj_auto struct df_obj *obj = NULL;

		err = dfctl_find(ctl, ctl->model->name, ctl->argv[i], &obj);
		if (err)
			return err;
		if (df_txn_delete(txn, ctl->model->name, df_obj_id(obj), 0, &error))
			return dfctl_refused(&error);
	}
	ready = txn;
	txn = NULL;
	return dfctl_commit(ready);
}
