using System.Collections.Generic;
using System.Diagnostics.Metrics;
using WmProxy.Configuration;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy.Access;

namespace WmProxy.ForwardProxy;

/// <summary>What forward proxies count. All tags are from closed sets: the configuration's names, and enumerations.</summary>
internal sealed class ForwardMetrics
{
    private readonly Counter<long> _requests;
    private readonly Counter<long> _rules;
    private readonly Counter<long> _guard;
    private readonly Counter<long> _authentications;

    public ForwardMetrics(IMeterFactory meterFactory)
    {
        var meter = meterFactory.Create(ConnectionRecorder.MeterName);
        _requests = meter.CreateCounter<long>("wmproxy.forward.requests", "{request}", "What clients of forward proxies asked for, by what became of it.");
        _rules = meter.CreateCounter<long>("wmproxy.forward.rules", "{request}", "Requests by the rule that decided about them.");
        _guard = meter.CreateCounter<long>("wmproxy.forward.guard", "{destination}", "Destinations that the egress guard refused, or would have.");
        _authentications = meter.CreateCounter<long>("wmproxy.forward.authentications", "{login}", "Logins, those apart that were right a moment ago.");
    }

    /// <summary>A request was carried out (<see cref="ForwardRefusal.None"/>) or not.</summary>
    public void Requested(string proxy, ForwardCommand command, ForwardRefusal refusal)
    {
        if (_requests.Enabled)
        {
            _requests.Add(1, Proxy(proxy), new("command", command.ToString()), new("result", refusal == ForwardRefusal.None ? "Allowed" : refusal.ToString()));
        }
    }

    /// <summary>A rule has decided; <see langword="null"/> where none did.</summary>
    public void Decided(string proxy, ForwardRule? rule)
    {
        if (_rules.Enabled)
        {
            _rules.Add(1, Proxy(proxy), new("rule", rule?.Name ?? "none"), new("action", rule is { IsAllow: true } ? "Allow" : "Deny"));
        }
    }

    public void Guarded(string proxy, GuardReason reason, bool isEnforced)
    {
        if (_guard.Enabled)
        {
            _guard.Add(1, Proxy(proxy), new("reason", reason.ToString()), new("enforced", isEnforced));
        }
    }

    public void Authenticated(string proxy, string result)
    {
        if (_authentications.Enabled)
        {
            _authentications.Add(1, Proxy(proxy), new("result", result));
        }
    }

    private static KeyValuePair<string, object?> Proxy(string proxy) => new("proxy", proxy);
}
