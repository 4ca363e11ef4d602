using System.Linq;
using WmProxy.Configuration.Values;

namespace WmProxy.Configuration.Validation;

/// <summary>Rules of forward proxies: users that are there, hosts and ports that can be matched.</summary>
internal static class ForwardRuleValidator
{
    public static void Validate(ForwardProxyConfig proxy, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var rules = ConfigKeyPath.ForwardProxy(proxy.ProxyId, "Rules");
        for (var i = 0; i < proxy.Rules.Count; i++)
        {
            var rule = proxy.Rules[i];
            var path = ConfigKeyPath.Item(rules, i);
            ValidateUsers(ConfigKeyPath.Of(path, "Users"), rule, proxy, errors);
            ValidateHosts(ConfigKeyPath.Of(path, "Hosts"), rule, errors);
            ValidatePorts(ConfigKeyPath.Of(path, "Ports"), rule, errors);
            ForwardClusterValidator.Validate(ConfigKeyPath.Of(path, "ClusterId"), rule.ClusterId, context, errors);
            LimitsValidator.ValidateBandwidth(ConfigKeyPath.Of(path, "Bandwidth"), rule.Bandwidth, errors);
            if (rule.Action == ForwardRuleAction.Deny && (rule.ClusterId is not null || rule.Bandwidth is not null))
            {
                errors.Add(ConfigKeyPath.Of(path, rule.ClusterId is not null ? "ClusterId" : "Bandwidth"), "has no effect in a rule that denies");
            }
        }
    }

    /// <summary>What is wrong with a destination of a rule.</summary>
    public static string? FindHostError(string host)
    {
        if (NetworkParser.TryParse(host, out _, out var networkError))
        {
            return null;
        }

        var shown = QuotedText.Quote(host);
        return host == "*" ? "'*' is every destination; leave 'Hosts' out for that"
            : host.Contains("://", System.StringComparison.Ordinal) ? $"{shown} is not a host; write the name or the network alone"
            : host.Contains('/', System.StringComparison.Ordinal) || host.Count(c => c == ':') > 1 || LooksLikeIPv4(host) ? networkError
            : host.Contains(':', System.StringComparison.Ordinal) ? $"{shown} has a port; did you mean {QuotedText.Quote(host[..host.IndexOf(':')])}? Ports stand in 'Ports'"
            : Connections.ClientHello.ServerName.TryParsePattern(host, out _, out _) ? null
            : $"{shown} is neither a host name, nor a '*.' wildcard for the subdomains of one, nor a network as '10.0.0.0/8'";
    }

    private static bool LooksLikeIPv4(string host) => host.All(c => char.IsAsciiDigit(c) || c == '.');

    private static void ValidateUsers(string path, ForwardRuleConfig rule, ForwardProxyConfig proxy, ConfigErrorCollector errors)
    {
        for (var i = 0; i < rule.Users.Count; i++)
        {
            if (!proxy.Users.ContainsKey(rule.Users[i]))
            {
                errors.Add(ConfigKeyPath.Item(path, i), $"there is no user {QuotedText.Quote(rule.Users[i])} of this forward proxy; {NearestName.Proposal(rule.Users[i], [.. proxy.Users.Keys], "users")}");
            }
        }
    }

    private static void ValidateHosts(string path, ForwardRuleConfig rule, ConfigErrorCollector errors)
    {
        for (var i = 0; i < rule.Hosts.Count; i++)
        {
            if (FindHostError(rule.Hosts[i]) is { } error)
            {
                errors.Add(ConfigKeyPath.Item(path, i), error);
            }
        }
    }

    private static void ValidatePorts(string path, ForwardRuleConfig rule, ConfigErrorCollector errors)
    {
        for (var i = 0; i < rule.Ports.Count; i++)
        {
            if (!PortRangeParser.TryParse(rule.Ports[i], out var range, out var error))
            {
                errors.Add(ConfigKeyPath.Item(path, i), error);
            }
            else if (range.First == 0)
            {
                errors.Add(ConfigKeyPath.Item(path, i), "0 is no port of a destination; leave 'Ports' out for every port");
            }
        }
    }
}
