using System.Linq;
using WmProxy.ForwardProxy;

namespace WmProxy.Configuration.Validation;

/// <summary>What can be said of each forward proxy.</summary>
internal static class ForwardProxyValidator
{
    private const string Http2 = "h2";

    public static void Validate(WmProxyConfig config, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        foreach (var proxy in config.ForwardProxies.Values)
        {
            ValidateListen(proxy, errors);
            ForwardUserValidator.Validate(proxy, errors);
            ForwardRuleValidator.Validate(proxy, context, errors);
            ForwardClusterValidator.Validate(ConfigKeyPath.ForwardProxy(proxy.ProxyId, "ClusterId"), proxy.ClusterId, context, errors);
            ForwardLimitsValidator.Validate(proxy, errors);
            ValidateTls(proxy, context, errors);
        }
    }

    private static void ValidateListen(ForwardProxyConfig proxy, ConfigErrorCollector errors)
    {
        var path = ConfigKeyPath.ForwardProxy(proxy.ProxyId, "Listen");
        if (proxy.Listen.Count == 0)
        {
            errors.Add(path, "is required, as \"tcp://127.0.0.1:8090\"");
        }

        for (var i = 0; i < proxy.Listen.Count; i++)
        {
            if (proxy.Listen[i].Scheme == ListenScheme.Udp)
            {
                errors.Add(ConfigKeyPath.Item(path, i), $"'{proxy.Listen[i]}': clients of a forward proxy connect, by tcp://, tls:// or unix:; datagrams go through 'UdpAssociate', on ports of its own");
            }
        }

        if (proxy.Users.Count == 0 && proxy.Access is not { Allow.Count: > 0 } && proxy.AllowAnonymous != true
            && proxy.Listen.FirstOrDefault(address => address.Scheme != ListenScheme.Udp && !ForwardProxyCompiler.IsLoopback(address)) is { } open)
        {
            errors.Add(path, $"'{open}' can be reached from other machines, and whoever reaches it may use it; add 'Users', or 'Access.Allow' with the networks of your clients, or listen on 127.0.0.1, or set 'AllowAnonymous' to true");
        }
    }

    private static void ValidateTls(ForwardProxyConfig proxy, ConfigValidationContext context, ConfigErrorCollector errors)
    {
        var path = ConfigKeyPath.ForwardProxy(proxy.ProxyId, "Tls");
        StreamTlsValidator.Validate(path, proxy.Listen, proxy.Tls, context, errors);
        if (proxy.Tls is { } tls && tls.AlpnProtocols.Contains(Http2))
        {
            errors.Add(ConfigKeyPath.Of(path, "AlpnProtocols"), "has 'h2', which forward proxies do not speak; leave the key out, or write [ \"http/1.1\" ]");
        }
    }
}
