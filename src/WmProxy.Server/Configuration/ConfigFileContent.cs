using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Configuration.Json;
using WmProxy.Configuration;

namespace WmProxy.Server.Configuration;

/// <summary>What a configuration file said at one moment: values, or why there are none. Two readings with the same <see cref="Version"/> are the same.</summary>
internal sealed record ConfigFileContent
{
    // A configuration beyond this is a mistake (a log, a device); reading it every second would hurt.
    private const long MaxBytes = 64 * 1024 * 1024;

    /// <summary>The hash of the bytes; for a file that cannot be read, the reason.</summary>
    public required string Version { get; init; }

    /// <summary>Flat keys and values; <see langword="null"/> when the file is missing or not valid JSON.</summary>
    public IDictionary<string, string?>? Values { get; init; }

    /// <summary>What is wrong with the file, when <see cref="Values"/> is <see langword="null"/>.</summary>
    public ConfigError? Error { get; init; }

    /// <summary>Reads and parses <paramref name="path"/>; whatever is wrong with the file is a result.</summary>
    public static ConfigFileContent Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > MaxBytes)
            {
                return Unreadable(path, $"the file has {file.Length} bytes; a configuration has at most {MaxBytes}");
            }

            var bytes = new byte[file.Length];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return Parse(path, bytes.AsMemory(0, length));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Unreadable(path, "the file does not exist");
        }
        catch (UnauthorizedAccessException)
        {
            return Unreadable(path, Directory.Exists(path)
                ? "this is a folder"
                : $"the file cannot be read by {Environment.UserName}. Change its permissions, or run wmproxy as its owner");
        }
        catch (NotSupportedException)
        {
            return Unreadable(path, "this is a pipe or a device, which cannot be watched");
        }
        catch (IOException exception)
        {
            return Unreadable(path, $"the file cannot be read: {exception.Message}");
        }
    }

    /// <summary>Parses the bytes of <paramref name="path"/>, as the framework's JSON provider does: comments and trailing commas are fine.</summary>
    public static ConfigFileContent Parse(string path, ReadOnlyMemory<byte> json)
    {
        var version = Convert.ToHexString(SHA256.HashData(json.Span));
        try
        {
            return json.Span.Trim(" \t\r\n"u8).IsEmpty
                ? Invalid(path, version, "the file is empty")
                : new ConfigFileContent { Version = version, Values = FrameworkParser.Parse(json) };
        }
        catch (JsonException exception)
        {
            return Invalid(path, version, $"line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: {Reason(exception)}");
        }
        catch (FormatException exception)
        {
            // A key twice, or no object at the top.
            return Invalid(path, version, exception.Message);
        }
    }

    private static string Reason(JsonException exception)
    {
        // "… is invalid. LineNumber: 2 | BytePositionInLine: 5.": the position is already said, counted from 1 as editors do.
        var end = exception.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return $"not valid JSON: {(end < 0 ? exception.Message : exception.Message[..end])}";
    }

    private static ConfigFileContent Invalid(string path, string version, string message) => new() { Version = version, Error = new ConfigError(path, message) };

    private static ConfigFileContent Unreadable(string path, string message) => Invalid(path, $"unreadable: {message}", message);

    private sealed class FrameworkParser : JsonStreamConfigurationProvider
    {
        private FrameworkParser(JsonStreamConfigurationSource source)
            : base(source)
        {
        }

        public static IDictionary<string, string?> Parse(ReadOnlyMemory<byte> json)
        {
            using var stream = new MemoryStream(json.ToArray(), writable: false);
            var provider = new FrameworkParser(new JsonStreamConfigurationSource { Stream = stream });
            provider.Load();
            return provider.Data;
        }
    }
}
