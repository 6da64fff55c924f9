{{- /* Copied by tools/gen-charts.ts from charts/shared. Do not edit. */ -}}
{{- /* Shared by both charts: edit charts/shared, then run node tools/gen-charts.ts. */ -}}

{{- /* Labels of an object. Takes root and component. */ -}}
{{- define "kubearmor.labels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: kubearmor
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Reference of an image. Takes root and image {repository, tag, digest}. A digest wins over the tag, and
global.imageRegistry over the registry in the repository. */ -}}
{{- define "kubearmor.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.global.imageRegistry -}}
{{- $parts := splitList "/" $repository -}}
{{- $first := first $parts -}}
{{- if and (gt (len $parts) 1) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) -}}
{{- $parts = rest $parts -}}
{{- end -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (join "/" $parts) -}}
{{- end -}}
{{- if .image.digest -}}
{{ $repository }}@{{ .image.digest }}
{{- else -}}
{{ $repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* imagePullSecrets. Takes root and secrets: a name, names, or objects with a name. */ -}}
{{- define "kubearmor.pullSecrets" -}}
{{- $own := .secrets -}}
{{- if kindIs "string" $own -}}{{- $own = ternary (list) (list $own) (empty $own) -}}{{- end -}}
{{- $names := list -}}
{{- range concat ($own | default list) .root.Values.global.imagePullSecrets -}}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) -}}
{{- end -}}
{{- with $names | uniq -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end -}}
{{- end }}

{{- /* What a container without a right on its node is confined to. */ -}}
{{- define "kubearmor.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Not empty on OpenShift. Each chart has its own value for it. */ -}}
{{- define "kubearmor.isOpenShift" -}}
{{- if or (eq "openshift" ((.Values.environment | default dict).name | default "")) (.Values.openshift | default dict).enabled -}}
yes
{{- end -}}
{{- end }}

{{- /* OpenShift gives every namespace users of its own and refuses others. */ -}}
{{- define "kubearmor.confinedPod" -}}
runAsNonRoot: true
{{- if not (include "kubearmor.isOpenShift" .) }}
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* Two pods of a component do not share a node where there is a choice. Takes the value of kubearmor-app. */ -}}
{{- define "kubearmor.apart" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            kubearmor-app: {{ . }}
{{- end }}

{{- /* Arguments of a container. Takes own and extra, both lists: an extra flag replaces the own one of that name. */ -}}
{{- define "kubearmor.args" -}}
{{- $given := dict -}}
{{- range .extra -}}{{- $_ := set $given (regexReplaceAll "^-+([^=]+).*$" . "${1}") true -}}{{- end -}}
{{- $args := list -}}
{{- range .own -}}
{{- if not (hasKey $given (regexReplaceAll "^-+([^=]+).*$" . "${1}")) -}}{{- $args = append $args . -}}{{- end -}}
{{- end -}}
{{- concat $args (.extra | default list) | toYaml -}}
{{- end }}
