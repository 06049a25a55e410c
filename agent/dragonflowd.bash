# SPDX-License-Identifier: GPL-2.0
# bash completion for dragonflowd(8)  -*- shell-script -*-

_dragonflowd() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=''
	# "--option=value" comes as three words.
	if [ "$cur" = = ]; then
		cur=''
	elif [ "$prev" = = ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	case $prev in
	--config | --control-socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--run-dir | --state-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--log-level) words='error warning info debug' ;;
	--dataplane) words='kernel none' ;;
	--encap) words='vxlan: geneve:' ;;
	--database) words='sqlite:/// zookeeper:// etcd:// redis://' ;;
	--chassis) words=${HOSTNAME:-} ;;
	*)
		words='--config --database --chassis --encap --control-socket --run-dir
			--state-dir --log-level --dataplane --check-config --version --help'
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _dragonflowd dragonflowd
