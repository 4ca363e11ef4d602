using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Server.CommandLine;

/// <summary><c>wmproxy proxy</c>: a forward proxy without a file. It makes the configuration that a file would have.</summary>
internal static class ProxyCommand
{
    private const string DefaultListen = "tcp://localhost:8090";
    private const string ParentsId = "parents";

    // To be read by people: a plus stays one.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Option<string[]> Listen = new("--listen", "-l")
    {
        Description = $"Where to listen, as tcp://*:8090 or 127.0.0.1:8090. May be repeated. Default: {DefaultListen}",
        HelpName = "ADDRESS",
    };

    private static readonly Option<string[]> User = new("--user", "-u")
    {
        Description = "Who may use it, as NAME:PASSWORD. May be repeated. Other users of this machine can see it; a configuration file has PasswordFile and PasswordHash",
        HelpName = "NAME:PASSWORD",
    };

    private static readonly Option<string[]> Allow = new("--allow")
    {
        Description = "Clients that may connect, as 10.0.0.0/8. May be repeated",
        HelpName = "NETWORK",
    };

    private static readonly Option<string[]> Parent = new("--parent", "-p")
    {
        Description = "A proxy to go through, as socks5://USER:PASSWORD@HOST:PORT, http+connect://… or https+connect://…. Repeated: the first that is up",
        HelpName = "URL",
    };

    private static readonly Option<string> Certificate = new("--certificate")
    {
        Description = "A PEM file for tls:// addresses; with --key, its key",
        HelpName = "FILE",
    };

    private static readonly Option<string> Key = new("--key") { Description = "The key of --certificate, in PEM", HelpName = "FILE" };

    private static readonly Option<bool> Socks4 = new("--socks4") { Description = "SOCKS 4 and 4a too, which know no passwords" };

    private static readonly Option<bool> AccessLog = new("--access-log") { Description = "Logs a line for each connection and request" };

    private static readonly Option<bool> PrintConfig = new("--print-config") { Description = "Prints the configuration, to be kept in a file, and ends" };

    public static Command Create()
    {
        var command = new Command("proxy", "Runs a forward proxy (HTTP, CONNECT, SOCKS 5) without a configuration file")
        {
            Listen, User, Allow, Parent, Certificate, Key, Socks4, AccessLog, PrintConfig,
        };
        command.Validators.Add(Validate);
        command.SetAction(InvokeAsync);
        return command;
    }

    /// <summary>What a configuration cannot show any more, or would not notice.</summary>
    private static void Validate(CommandResult result)
    {
        var twice = (result.GetValue(User) ?? []).Select(NameOf).GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(names => names.Count() > 1);
        if (twice is not null)
        {
            result.AddError($"--user: '{twice.Key}' is there twice");
        }

        if (result.GetValue(Key) is not null && result.GetValue(Certificate) is null)
        {
            result.AddError("--key: there is no --certificate that it could be of");
        }
    }

    private static async Task<int> InvokeAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var io = result.InvocationConfiguration;
        var document = ToConfiguration(result).ToJsonString(Indented);
        if (result.GetValue(PrintConfig))
        {
            await io.Output.WriteLineAsync(document);
            return 0;
        }

        var options = new ServerOptions { Document = document, WatchFile = false, Overrides = WmProxyCommand.OverridesOf(result) };
        return await RunCommand.InvokeAsync(options, io.Error, cancellationToken);
    }

    private static JsonObject ToConfiguration(ParseResult result)
    {
        var proxy = new JsonObject { ["Listen"] = ToList(ValuesOf(result, Listen, DefaultListen).Select(WithScheme)) };
        if (result.GetValue(Socks4))
        {
            proxy["Protocols"] = ToList(["Http", "Connect", "Socks4", "Socks5"]);
        }

        if (ValuesOf(result, User) is { Count: > 0 } users)
        {
            proxy["Users"] = new JsonObject(users.Select(ToUser));
        }

        if (ValuesOf(result, Allow) is { Count: > 0 } networks)
        {
            proxy["Access"] = new JsonObject { ["Allow"] = ToList(networks) };
        }

        if (result.GetValue(Certificate) is { } certificate)
        {
            proxy["Tls"] = new JsonObject { ["Certificate"] = new JsonObject { ["Path"] = certificate, ["KeyPath"] = result.GetValue(Key) } };
        }

        if (result.GetValue(AccessLog))
        {
            proxy["AccessLog"] = true;
        }

        var root = new JsonObject();
        if (ValuesOf(result, Parent) is { Count: > 0 } parents)
        {
            proxy["ClusterId"] = ParentsId;
            root["ReverseProxy"] = new JsonObject { ["Clusters"] = new JsonObject { [ParentsId] = ToCluster(parents) } };
        }

        root["WmProxy"] = new JsonObject { ["ForwardProxies"] = new JsonObject { ["proxy"] = proxy } };
        return root;
    }

    // By name in the order given, so that FirstAlphabetical is "the first that is up".
    private static JsonObject ToCluster(IReadOnlyList<string> parents) => new()
    {
        ["LoadBalancingPolicy"] = "FirstAlphabetical",
        ["HealthCheck"] = new JsonObject { ["Passive"] = new JsonObject { ["Enabled"] = true, ["Policy"] = "ConnectFailures" } },
        ["Destinations"] = new JsonObject(parents.Select((address, index) =>
            KeyValuePair.Create<string, JsonNode?>($"{index + 1:000}", new JsonObject { ["Address"] = address }))),
    };

    private static KeyValuePair<string, JsonNode?> ToUser(string text)
    {
        var name = NameOf(text);
        return new(name, new JsonObject { ["Password"] = name.Length < text.Length ? text[(name.Length + 1)..] : "" });
    }

    private static string NameOf(string user) => user.Split(':', 2)[0];

    private static string WithScheme(string address) =>
        address.Contains("://", StringComparison.Ordinal) || address.StartsWith("unix:", StringComparison.OrdinalIgnoreCase) ? address : $"tcp://{address}";

    private static IReadOnlyList<string> ValuesOf(ParseResult result, Option<string[]> option, params string[] otherwise) =>
        result.GetValue(option) is { Length: > 0 } values ? values : otherwise;

    private static JsonArray ToList(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode?)value)]);
}
