{{- define "kubearmor.pinned" -}}
{{- $image := get .root.Values.kubearmor.images .name -}}
{{- include "kubearmor.image" (dict "root" .root "image" (dict "repository" (printf "%s/%s" .root.Values.kubearmor.repo $image.image) "tag" $image.tag "digest" $image.digest)) -}}
{{- end }}

{{- define "kubearmor.operator.image" -}}
{{- if .Values.imagePinning -}}
{{- include "kubearmor.pinned" (dict "root" . "name" "kubearmorOperator") -}}
{{- else -}}
{{- include "kubearmor.image" (dict "root" . "image" .Values.kubearmorOperator.image) -}}
{{- end -}}
{{- end }}

{{- /* Names of every Secret to pull with, as the operator takes them. */ -}}
{{- define "kubearmor.operator.pullSecrets" -}}
{{- $secrets := .Values.kubearmorOperator.image.imagePullSecrets -}}
{{- if kindIs "string" $secrets -}}{{- $secrets = ternary (list) (list $secrets) (empty $secrets) -}}{{- end -}}
{{- with .Values.registry.secretName -}}{{- $secrets = append ($secrets | default list) . -}}{{- end -}}
{{- include "kubearmor.pullSecrets" (dict "root" . "secrets" $secrets) -}}
{{- end }}

{{- define "kubearmor.operator.args" -}}
{{- $values := .Values.kubearmorOperator -}}
{{- $own := list
  (printf "--lsm=%s" $values.lsm)
  (printf "--deploymentName=%s" $values.name)
  (printf "--annotateResource=%t" $values.annotateResource)
  (printf "--annotateExisting=%t" $values.annotateExisting)
  (printf "--loglevel=%s" $values.logLevel)
  "--leader-elect=true"
  "--health-probe-bind-address=:8081"
  "--metrics-bind-address=:8080"
  (printf "--cert-manager=%t" .Values.certManager.enabled) -}}
{{- with (include "kubearmor.operator.pullSecrets" . | fromYaml).imagePullSecrets -}}
{{- $own = append $own (printf "--image-pull-secrets=%s" (toJson .)) -}}
{{- end -}}
{{- with $values.socketFile -}}{{- $own = append $own (printf "--socket-file=%s" .) -}}{{- end -}}
{{- with $values.clusterName -}}{{- $own = append $own (printf "--clusterName=%s" .) -}}{{- end -}}
{{- if .Values.startupTaint.enabled -}}
{{- $own = concat $own (list (printf "--startup-taint=%s" .Values.startupTaint.key) (printf "--startup-taint-timeout=%ds" (int .Values.startupTaint.timeoutSeconds))) -}}
{{- end -}}
{{- if .Values.autoDeploy -}}{{- $own = append $own "--default-config=/etc/kubearmor-operator/kubearmorconfig.yaml" -}}{{- end -}}
{{- include "kubearmor.args" (dict "own" $own "extra" $values.args) -}}
{{- end }}

{{- define "kubearmor.operator.env" -}}
- name: KUBEARMOR_OPERATOR_NS
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: KUBEARMOR_OCI_HOOKS
  value: {{ ternary "yes" "no" .Values.kubearmorOperator.enableOCIHooks | quote }}
{{- if .Values.openshift.enabled }}
- name: REDHAT_CERTIFIED_OP
  value: 'yes'
{{- end }}
{{- if .Values.imagePinning }}
{{- range $variable, $name := dict "KUBEARMOR" "kubearmor" "KUBEARMOR_INIT" "kubearmorInit" "KUBEARMOR_RELAY_SERVER" "kubearmorRelay" "KUBEARMOR_CONTROLLER" "kubearmorController" "KUBEARMOR_SNITCH" "kubearmorSnitch" }}
- name: RELATED_IMAGE_{{ $variable }}
  value: {{ include "kubearmor.pinned" (dict "root" $ "name" $name) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kubearmor.operator.podSecurity" -}}
{{- merge (deepCopy .Values.kubearmorOperator.podSecurityContext) (include "kubearmor.confinedPod" . | fromYaml) | toYaml -}}
{{- end }}

{{- define "kubearmor.operator.containerSecurity" -}}
{{- merge (deepCopy .Values.kubearmorOperator.securityContext) (include "kubearmor.confined" . | fromYaml) | toYaml -}}
{{- end }}
