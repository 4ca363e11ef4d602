using System;
using System.Collections.Frozen;
using System.Linq;
using System.Net;
using WmProxy.Configuration;
using WmProxy.Configuration.Values;
using WmProxy.Connections.Access;

namespace WmProxy.ForwardProxy.Access;

/// <summary>What a request must be like for a rule to decide about it: every condition that is set must match.</summary>
internal sealed class RuleConditions
{
    private readonly FrozenSet<string>? _users;
    private readonly NetworkSet? _clients;
    private readonly HostSet? _hosts;
    private readonly PortRange[] _ports;
    private readonly ForwardCommand[] _commands;

    public RuleConditions(ForwardRuleConfig rule)
    {
        // Names of users are keys of the configuration, in which case does not count.
        _users = rule.Users.Count > 0 ? rule.Users.ToFrozenSet(StringComparer.OrdinalIgnoreCase) : null;
        _clients = rule.Clients.Count > 0 ? new NetworkSet(rule.Clients) : null;
        _hosts = rule.Hosts.Count > 0 ? new HostSet(rule.Hosts) : null;
        _ports = [.. rule.Ports.Select(ParsePorts)];
        _commands = [.. rule.Commands];
    }

    /// <summary>Whether ports are among the conditions.</summary>
    public bool NamesPorts => _ports.Length > 0;

    /// <param name="request">The request.</param>
    /// <param name="name">The name asked for, as <see cref="HostName.Normalize"/> gives it.</param>
    /// <param name="address">The address asked for, or one that the name resolves to; <see langword="null"/> where none is known.</param>
    public RuleMatch Match(in ForwardRequest request, string? name, IPAddress? address)
    {
        var port = request.Target.Port;
        if ((_users is not null && (request.User is null || !_users.Contains(request.User)))
            || (_clients is not null && !_clients.Contains(request.Client))
            || (_commands.Length > 0 && !_commands.Contains(request.Command))
            || (_ports.Length > 0 && !Array.Exists(_ports, range => range.First <= port && port <= range.Last)))
        {
            return RuleMatch.No;
        }

        if (_hosts is null || _hosts.ContainsName(name))
        {
            return RuleMatch.Yes;
        }

        return !_hosts.HasNetworks ? RuleMatch.No
            : address is null ? RuleMatch.NeedsAddress
            : _hosts.ContainsAddress(address) ? RuleMatch.Yes : RuleMatch.No;
    }

    private static PortRange ParsePorts(string text) =>
        PortRangeParser.TryParse(text, out var range, out var error) ? range : throw new ArgumentException(error, nameof(text));
}
