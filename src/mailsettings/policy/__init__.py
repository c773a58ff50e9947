"""What a detection may do: timeouts, limits, ports, the IP filter, the proxy."""

from mailsettings.policy.policy import MAIL_PORTS, IPAddress, IPNetwork, Limits, Policy, Timeouts

__all__ = ["MAIL_PORTS", "IPAddress", "IPNetwork", "Limits", "Policy", "Timeouts"]
