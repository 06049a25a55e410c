/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_PATH_CLASSIFIER_H
#define DF_PATH_CLASSIFIER_H

int df_classifier_init(void);
void df_classifier_fini(void);

#endif /* DF_PATH_CLASSIFIER_H */
