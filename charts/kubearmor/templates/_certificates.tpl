{{- define "kubearmor.caInjection" -}}
{{- if eq .Values.certificates.provider "certManager" -}}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/kubearmor-controller-webhook-server-cert
{{- end -}}
{{- end }}

{{- /* The leaf certificates: Secret, common name, usages, names and addresses. */ -}}
{{- define "kubearmor.leaves" -}}
{{- $namespace := .Release.Namespace -}}
{{- $controller := "kubearmor-controller-webhook-service" -}}
{{- $relay := .Values.kubearmorRelay.tls -}}
{{- $leaves := list -}}
{{- if ne .Values.environment.name "autopilot" -}}
{{- $leaves = append $leaves (dict "secret" "kubearmor-controller-webhook-server-cert" "commonName" "kubearmor-webhook" "usage" "server auth"
  "dnsNames" (list (printf "%s.%s.svc" $controller $namespace) (printf "%s.%s.svc.cluster.local" $controller $namespace)) "ipAddresses" list) -}}
{{- end -}}
{{- if .Values.tls.enabled -}}
{{- $leaves = concat $leaves (list
  (dict "secret" .Values.kubearmor.tls.serverCertSecretName "commonName" "kubearmor-agent" "usage" "server auth"
    "dnsNames" (list "kubearmor-agent" (printf "kubearmor-agents.%s.svc" $namespace)) "ipAddresses" list)
  (dict "secret" $relay.certSecretName "commonName" "kubearmor-relay-server" "usage" "server auth"
    "dnsNames" (concat (list (printf "kubearmor.%s" $namespace) (printf "kubearmor.%s.svc" $namespace) (printf "kubearmor.%s.svc.cluster.local" $namespace)) $relay.extraDnsNames | uniq)
    "ipAddresses" $relay.extraIpAddresses)
  (dict "secret" .Values.kubearmor.tls.clientCertSecretName "commonName" "kubearmor-relay" "usage" "client auth" "dnsNames" (list "kubearmor-client") "ipAddresses" list)) -}}
{{- end -}}
{{- toYaml $leaves -}}
{{- end }}

{{- define "kubearmor.certgen.job" -}}
{{- $certgen := .Values.certificates.certgen -}}
{{- $args := list "certgen" (printf "--namespace=%s" .Release.Namespace) (printf "--ca-secret=%s" .Values.kubearmor.tls.caSecretName) -}}
{{- range include "kubearmor.leaves" . | fromYamlArray -}}
{{- $args = append $args (printf "--certificate=%s" (toJson .)) -}}
{{- end -}}
{{- if ne .Values.environment.name "autopilot" -}}
{{- $args = concat $args (list "--mutating-webhook=kubearmor-controller-mutating-webhook-configuration" "--validating-webhook=kubearmor-controller-validating-webhook-configuration") -}}
{{- end -}}
backoffLimit: 6
template:
  metadata:
    labels:
      {{- include "kubearmor.labels" (dict "root" . "component" "certgen") | nindent 6 }}
  spec:
    serviceAccountName: kubearmor-certgen
    restartPolicy: OnFailure
    nodeSelector:
      kubernetes.io/os: linux
    {{- include "kubearmor.pullSecrets" (dict "root" . "secrets" $certgen.image.imagePullSecrets) | nindent 4 }}
    securityContext:
      {{- include "kubearmor.confinedPod" . | nindent 6 }}
    containers:
      - name: certgen
        image: {{ include "kubearmor.image" (dict "root" . "image" $certgen.image) }}
        imagePullPolicy: {{ $certgen.imagePullPolicy }}
        args:
          {{- toYaml $args | nindent 10 }}
        securityContext:
          {{- include "kubearmor.confined" . | nindent 10 }}
        resources:
          {{- toYaml $certgen.resources | nindent 10 }}
{{- end }}
