using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace WmProxy.ForwardProxy.Http;

/// <summary>How many descriptors this process may have.</summary>
internal static class DescriptorLimit
{
    // What systems commonly give, where they do not tell.
    private const int Usual = 8192;

    public static int Read()
    {
        try
        {
            return OperatingSystem.IsLinux() ? Parse(File.ReadAllText("/proc/self/limits")) : Usual;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return Usual;
        }
    }

    /// <summary>Reads the soft limit, which the runtime has raised to the hard one, out of what proc(5) describes.</summary>
    internal static int Parse(string limits)
    {
        const string Name = "Max open files";
        var line = limits.Split('\n').FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
        {
            ["unlimited", ..] => int.MaxValue,
            [var soft, ..] when long.TryParse(soft, CultureInfo.InvariantCulture, out var limit) => (int)Math.Min(limit, int.MaxValue),
            _ => Usual,
        };
    }
}
