using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Linq;
using System.Threading.Tasks;

namespace WmProxy.Server.CommandLine;

/// <summary>The command line: <c>wmproxy [run] | check | proxy | hash-password | version</c>.</summary>
internal static class WmProxyCommand
{
    private const string RootDescription =
        """
        wmproxy: reverse proxy for HTTP, TCP and UDP, forward proxy for HTTP and SOCKS, and static files, from one live
        appsettings.json.

        Without a command it runs. Values of the file are replaced, in this order, by environment variables
        (Kestrel__Endpoints__web__Url=http://*:80, or with the prefix WMPROXY_) and by --set.
        Signals: SIGHUP reads the file again; SIGTERM or Ctrl+C stops when live connections have ended, at the latest after
        WmProxy:DrainTimeout (exit code 0); a second one stops at once (exit code 143 or 130).
        """;

    private static readonly Option<string> ConfigFile = new("--config", "-c")
    {
        Description = "The configuration file. It is watched, and paths in it are relative to its folder",
        HelpName = "FILE",
        DefaultValueFactory = _ => ServerOptions.DefaultConfigFile,
        Recursive = true,
    };

    private static readonly Option<KeyValuePair<string, string?>[]> Overrides = new("--set")
    {
        Description = "Replaces a value, as --set WmProxy:DrainTimeout=5s. May be repeated",
        HelpName = "KEY=VALUE",
        CustomParser = ParseOverrides,
        Recursive = true,
    };

    private static readonly RootCommand Root = Create();

    /// <summary>Runs what <paramref name="args"/> ask for and returns the exit code.</summary>
    public static Task<int> InvokeAsync(string[] args, InvocationConfiguration? io = null)
    {
        io ??= new InvocationConfiguration();
        // Signals are the host's affair; exceptions are told by the commands, in words.
        io.ProcessTerminationTimeout = null;
        io.EnableDefaultExceptionHandler = false;
        return Root.Parse(args).InvokeAsync(io);
    }

    /// <summary>The options of <c>run</c>.</summary>
    /// <exception cref="ArgumentException">The arguments are wrong.</exception>
    public static ServerOptions ParseOptions(string[] args)
    {
        var result = Root.Parse(args);
        return result.Errors.Count == 0 ? Options(result) : throw new ArgumentException(result.Errors[0].Message, nameof(args));
    }

    private static RootCommand Create()
    {
        var run = new Command("run", "Runs the proxy (the default)");
        run.SetAction((result, cancellation) => RunCommand.InvokeAsync(Options(result), result.InvocationConfiguration.Error, cancellation));

        var check = new Command("check", "Checks a configuration: prints every error with its key, exit code 1, or a summary, exit code 0");
        check.SetAction((result, cancellation) =>
            CheckCommand.InvokeAsync(Options(result), result.InvocationConfiguration.Output, result.InvocationConfiguration.Error, cancellation));

        var hashPassword = new Command("hash-password", "Prints the hash of a password, for PasswordHash of a user: reads a line of standard input, or asks without showing what is typed");
        hashPassword.SetAction((result, cancellation) => HashPasswordCommand.InvokeAsync(
            Console.IsInputRedirected ? Console.In : null, result.InvocationConfiguration.Output, result.InvocationConfiguration.Error, cancellation));

        var version = new Command("version", "Prints the version");
        version.SetAction(result => result.InvocationConfiguration.Output.WriteLine(ProductInfo.Line));

        var root = new RootCommand(RootDescription) { ConfigFile, Overrides, run, check, ProxyCommand.Create(), hashPassword, version };
        root.Action = run.Action;
        return root;
    }

    /// <summary>What <c>--set</c> replaces.</summary>
    public static IReadOnlyList<KeyValuePair<string, string?>> OverridesOf(ParseResult result) => result.GetValue(Overrides) ?? [];

    private static ServerOptions Options(ParseResult result) => new()
    {
        ConfigFile = result.GetRequiredValue(ConfigFile),
        Overrides = OverridesOf(result),
    };

    private static KeyValuePair<string, string?>[] ParseOverrides(ArgumentResult argument)
    {
        var overrides = new List<KeyValuePair<string, string?>>();
        foreach (var text in argument.Tokens.Select(token => token.Value))
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                argument.AddError($"'{text}' is not KEY=VALUE. Write a key with its path and a value, as --set WmProxy:DrainTimeout=5s");
                return [];
            }

            overrides.Add(new(text[..equals], text[(equals + 1)..]));
        }

        return [.. overrides];
    }
}
