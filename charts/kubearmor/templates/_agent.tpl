{{- /* Where each environment keeps its runtime: directory and file of the socket on the node, and the suffix of the
volume keys that KubeArmor's chart has for it. The directory is mounted, because a restart of the runtime makes a new file. */ -}}
{{- define "kubearmor.environments" -}}
generic: { dir: /var/run/containerd, socket: containerd.sock, keys: Generic }
GKE: { dir: /var/run/containerd, socket: containerd.sock, keys: GKE }
EKS: { dir: /var/run/containerd, socket: containerd.sock, keys: EKS }
BottleRocket: { dir: /run/containerd, socket: containerd.sock, keys: BottleRocket }
talos: { dir: /run/containerd, socket: containerd.sock, keys: Generic }
openshift: { dir: /var/run/crio, socket: crio.sock, keys: CRIO }
k0s: { dir: /run/k0s, socket: containerd.sock, mount: /var/run/containerd, keys: K0s }
k3s: { dir: /run/k3s/containerd, socket: containerd.sock, keys: K3s }
microk8s: { dir: /var/snap/microk8s/common/run, socket: containerd.sock, keys: MicroK8s }
docker: { dir: /var/run/containerd, socket: containerd.sock, docker: true, keys: Docker }
minikube: { dir: /var/run/containerd, socket: containerd.sock, docker: true, keys: Minikube }
crio: { dir: /var/run/crio, socket: crio.sock, keys: CRIO }
autopilot: { dir: /run/containerd, socket: containerd.sock, keys: autoPilot }
{{- end }}

{{- define "kubearmor.environment" -}}
{{- $all := include "kubearmor.environments" . | fromYaml -}}
{{- get $all .Values.environment.name | toYaml -}}
{{- end }}

{{- define "kubearmor.agent.volumes" -}}
{{- $environment := include "kubearmor.environment" . | fromYaml -}}
- name: bpffs
  hostPath: { path: /sys/fs/bpf, type: Directory }
- name: securityfs
  hostPath: { path: /sys/kernel/security, type: Directory }
- name: procfs
  hostPath: { path: /proc, type: Directory }
- name: runtime
  hostPath: { path: {{ $environment.dir }}, type: Directory }
- name: machine-id
  hostPath: { path: /etc/machine-id, type: File }
- name: state
  hostPath: { path: {{ .Values.kubearmor.stateDir }}, type: DirectoryOrCreate }
- name: tmp
  emptyDir: { sizeLimit: 16Mi }
{{- if $environment.docker }}
- name: docker
  hostPath: { path: /var/lib/docker/containers, type: '' }
{{- end }}
{{- if contains "apparmor" .Values.kubearmor.lsm }}
# No type: nodes without AppArmor have no such directory, and the agent must start there too.
- name: apparmor
  hostPath: { path: /etc/apparmor.d, type: '' }
{{- end }}
{{- if .Values.tls.enabled }}
- name: tls
  projected:
    defaultMode: 0400
    sources:
      - secret:
          name: {{ .Values.kubearmor.tls.serverCertSecretName }}
          items:
            - { key: ca.crt, path: ca.crt }
            - { key: tls.crt, path: server.crt }
            - { key: tls.key, path: server.key }
{{- end }}
{{- end }}

{{- define "kubearmor.agent.mounts" -}}
{{- $environment := include "kubearmor.environment" . | fromYaml -}}
- { name: bpffs, mountPath: /sys/fs/bpf, mountPropagation: HostToContainer }
- { name: securityfs, mountPath: /sys/kernel/security, mountPropagation: HostToContainer }
- { name: procfs, mountPath: /host/procfs, readOnly: true }
- { name: runtime, mountPath: {{ $environment.mount | default $environment.dir }}, readOnly: true }
- { name: machine-id, mountPath: /etc/machine-id, readOnly: true }
- { name: state, mountPath: /var/lib/kubearmor/state }
- { name: tmp, mountPath: /tmp }
{{- if $environment.docker }}
- { name: docker, mountPath: /var/lib/docker/containers, readOnly: true }
{{- end }}
{{- if contains "apparmor" .Values.kubearmor.lsm }}
- { name: apparmor, mountPath: /etc/apparmor.d }
{{- end }}
{{- if .Values.tls.enabled }}
- { name: tls, mountPath: {{ .Values.kubearmor.tls.tlsCertPath }}, readOnly: true }
{{- end }}
{{- end }}

{{- /* Volumes and mounts that values written for KubeArmor's chart name are added unless the chart has one of that name,
path or place on the node already, or their volume is missing. Gives {volumes, mounts}. */ -}}
{{- define "kubearmor.agent.storage" -}}
{{- $values := .Values.kubearmor -}}
{{- $keys := (include "kubearmor.environment" . | fromYaml).keys -}}
{{- $volumes := include "kubearmor.agent.volumes" . | fromYamlArray -}}
{{- $mounts := include "kubearmor.agent.mounts" . | fromYamlArray -}}
{{- $moreVolumes := concat ($values.commonVolumes | default list) (get $values (printf "volumes%s" $keys) | default list) -}}
{{- $moreMounts := concat ($values.commonMounts | default list) (get $values (printf "volumeMounts%s" $keys) | default list) -}}
{{- if eq $keys "autoPilot" -}}
{{- $pilot := $values.autoPilot | default dict -}}
{{- $moreVolumes = concat $moreVolumes ($pilot.volumes | default list) -}}
{{- $moreMounts = concat $moreMounts ($pilot.volumeMounts | default list) -}}
{{- end -}}
{{- $names := list -}}{{- $paths := list -}}
{{- range $volumes -}}{{- $names = append $names .name -}}{{- end -}}
{{- range $mounts -}}{{- $paths = append $paths .mountPath -}}{{- end -}}
{{- $added := list -}}
{{- range $moreVolumes -}}
{{- if not (has .name $names) -}}{{- $names = append $names .name -}}{{- $added = append $added . -}}{{- end -}}
{{- end -}}
{{- $addedNames := list -}}
{{- range $added -}}{{- $addedNames = append $addedNames .name -}}{{- end -}}
{{- $used := list -}}
{{- range $moreMounts -}}
{{- if and (has .name $addedNames) (not (has .mountPath $paths)) -}}
{{- $paths = append $paths .mountPath -}}{{- $mounts = append $mounts . -}}{{- $used = append $used .name -}}
{{- end -}}
{{- end -}}
{{- range $added -}}{{- if has .name $used -}}{{- $volumes = append $volumes . -}}{{- end -}}{{- end -}}
{{- dict "volumes" $volumes "mounts" $mounts | toYaml -}}
{{- end }}

{{- /* -lsm stands last, where tools that edit the list look for it. */ -}}
{{- define "kubearmor.agent.args" -}}
{{- $environment := include "kubearmor.environment" . | fromYaml -}}
{{- $values := .Values.kubearmor -}}
{{- $own := list
  "-k8s=true"
  "-gRPC=32767"
  "-gRPCHealthPort=32766"
  "-metricsPort=32765"
  (printf "-metricsHost=%s" (include "kubearmor.agent.metricsHost" .))
  "-procfsMount=/host/procfs"
  (printf "-criSocket=unix://%s/%s" ($environment.mount | default $environment.dir) $environment.socket)
  "-policy-dir=/var/lib/kubearmor/state/policies"
  (printf "-tlsEnabled=%t" .Values.tls.enabled)
  (printf "-tlsCertPath=%s" $values.tls.tlsCertPath)
  "-tlsCertProvider=external" -}}
{{- $args := include "kubearmor.args" (dict "own" $own "extra" $values.args) | fromYamlArray -}}
{{- $hasLsm := false -}}
{{- range $values.args -}}{{- if regexMatch "^-+lsm=" . -}}{{- $hasLsm = true -}}{{- end -}}{{- end -}}
{{- if not $hasLsm -}}{{- $args = append $args (printf "-lsm=%s" $values.lsm) -}}{{- end -}}
{{- toYaml $args -}}
{{- end }}

{{- /* Loopback is where the kubelet of a host-network pod can probe and nobody else reads. */ -}}
{{- define "kubearmor.agent.metricsHost" -}}
{{- ternary "$(KUBEARMOR_NODE_ADDRESS)" "127.0.0.1" (or .Values.serviceMonitor.enabled (eq .Values.kubearmor.metricsListen "node")) -}}
{{- end }}

{{- define "kubearmor.agent.probe" -}}
port: http-metrics
{{- if eq (include "kubearmor.agent.metricsHost" .) "127.0.0.1" }}
host: 127.0.0.1
{{- end }}
{{- end }}
